"""Draw Figure 5."""

from ramble.store.console import step

with step(snakemake):
    from ramble.studies.paths.figures.fig5 import draw_losses_and_errors_of_all
    from ramble.studies.paths.figures.sources import read_sources
    from ramble.studies.paths.figures.style import save

    save(
        draw_losses_and_errors_of_all(read_sources(snakemake.input.paths, profiles=snakemake.input.profiles)),
        snakemake.output,
    )
