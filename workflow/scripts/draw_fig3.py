"""Draw Figure 3."""

from ramble.store.console import step

with step(snakemake):
    from ramble.studies.paths.drawing.losses import draw_losses_and_errors
    from ramble.studies.paths.drawing.sources import read_sources
    from ramble.studies.paths.drawing.style import save

    save(
        draw_losses_and_errors(read_sources(snakemake.input.paths, profiles=snakemake.input.profiles)), snakemake.output
    )
