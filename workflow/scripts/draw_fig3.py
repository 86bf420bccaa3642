"""Draw Figure 3."""

from ramble.store.console import step

with step(snakemake):
    from ramble.studies.paths.figures.fig3 import draw_losses_and_errors
    from ramble.studies.paths.figures.sources import read_sources
    from ramble.studies.paths.figures.style import save

    save(
        draw_losses_and_errors(read_sources(snakemake.input.paths, profiles=snakemake.input.profiles)), snakemake.output
    )
