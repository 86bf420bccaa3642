"""Put the tables of all loads into one."""

from ramble.store.console import step

with step(snakemake) as given:
    import pandas as pd

    from ramble.store.artifacts import read_table, write_table

    write_table(snakemake.output.table, pd.concat([read_table(file) for file in snakemake.input], ignore_index=True))
