"""Draw Figure 1."""

from ramble.console import step

with step(snakemake):
    from ramble.artifacts import read_table
    from ramble.figures.fig1 import draw_plane
    from ramble.figures.sources import read_sources
    from ramble.figures.style import save

    grid, curve = read_table(snakemake.input.grid), read_table(snakemake.input.curve)
    save(draw_plane(grid, curve, read_sources(snakemake.input.paths).shown), snakemake.output)
