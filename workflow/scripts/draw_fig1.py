"""Draw Figure 1."""

from ramble.store.console import step

with step(snakemake):
    from ramble.store.artifacts import read_table
    from ramble.studies.paths.drawing.plane import draw_plane
    from ramble.studies.paths.drawing.sources import read_sources
    from ramble.studies.paths.drawing.style import save

    grid, curve = read_table(snakemake.input.grid), read_table(snakemake.input.curve)
    save(draw_plane(grid, curve, read_sources(snakemake.input.paths).shown), snakemake.output)
