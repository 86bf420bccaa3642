"""Draw the shares of restarts that train and of pairs that are joined against the load."""

from ramble.console import step

with step(snakemake):
    from ramble.artifacts import read_table
    from ramble.figures.load import draw_loads
    from ramble.figures.style import save

    tables = {
        study: read_table(file) for study, file in zip(snakemake.params.shown, snakemake.input.tables, strict=True)
    }
    save(draw_loads(tables), snakemake.output)
