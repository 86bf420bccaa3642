"""Collect the pairs of all data sets, and count the components of their graphs."""

from ramble.store.console import step

with step(snakemake) as given:
    import pandas as pd

    from ramble.store.artifacts import read_table, write_table
    from ramble.studies.connectivity.components import components_table

    pairs = pd.concat([read_table(file) for file in snakemake.input.pairs], ignore_index=True)
    write_table(snakemake.output.pairs, pairs)
    write_table(snakemake.output.components, components_table(pairs))
