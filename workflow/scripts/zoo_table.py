"""Write the table of all families of the zoo."""

from ramble.store.console import step

with step(snakemake):
    from ramble.studies.zoo.table import write_zoo

    write_zoo(snakemake.input.pairs, snakemake.output.csv, snakemake.output.md)
