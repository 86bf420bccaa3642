"""Draw Figure 5."""

from ramble.store.console import step

with step(snakemake):
    from ramble.studies.paths.drawing.test_errors import draw_losses_and_errors_of_all
    from ramble.studies.paths.drawing.sources import read_sources
    from ramble.studies.paths.drawing.style import save

    save(
        draw_losses_and_errors_of_all(read_sources(snakemake.input.paths, profiles=snakemake.input.profiles)),
        snakemake.output,
    )
