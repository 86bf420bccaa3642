"""Draw Figure 5."""

from ramble.console import step

with step(snakemake):
    from ramble.figures.fig5 import draw_losses_and_errors_of_all
    from ramble.figures.sources import read_sources
    from ramble.figures.style import save

    save(
        draw_losses_and_errors_of_all(read_sources(snakemake.input.paths, profiles=snakemake.input.profiles)),
        snakemake.output,
    )
