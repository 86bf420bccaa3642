"""Draw Figure 3."""

from ramble.console import step

with step(snakemake):
    from ramble.figures.fig3 import draw_losses_and_errors
    from ramble.figures.sources import read_sources
    from ramble.figures.style import save

    save(
        draw_losses_and_errors(read_sources(snakemake.input.paths, profiles=snakemake.input.profiles)), snakemake.output
    )
