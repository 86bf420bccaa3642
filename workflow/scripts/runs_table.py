"""Put the last epochs of all runs of a study into one table."""

from ramble.store.console import step

with step(snakemake):
    from ramble.studies.runs.table import read_runs, write_runs

    files = snakemake.input
    write_runs(read_runs(files.points, files.tables), snakemake.output.csv, snakemake.output.md)
