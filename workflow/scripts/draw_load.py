"""Draw the shares of restarts that train and of pairs that are joined against the load."""

from ramble.store.console import step

with step(snakemake):
    from ramble.store.artifacts import read_table
    from ramble.studies.load.drawing import draw_loads
    from ramble.studies.paths.drawing.style import save

    tables = {
        study: read_table(file) for study, file in zip(snakemake.params.shown, snakemake.input.tables, strict=True)
    }
    save(draw_loads(tables), snakemake.output)
