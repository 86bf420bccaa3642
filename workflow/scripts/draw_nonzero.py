"""Draw how many eigenvalues differ from zero."""

from ramble.store.console import step

with step(snakemake):
    from ramble.store.artifacts import read_table
    from ramble.studies.paths.drawing.nonzero import draw_nonzero
    from ramble.studies.paths.drawing.style import save

    save(draw_nonzero(read_table(snakemake.input.table)), snakemake.output)
