"""Draw how many eigenvalues differ from zero."""

from ramble.console import step

with step(snakemake):
    from ramble.artifacts import read_table
    from ramble.figures.nonzero import draw_nonzero
    from ramble.figures.style import save

    save(draw_nonzero(read_table(snakemake.input.table)), snakemake.output)
