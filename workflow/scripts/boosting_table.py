"""Put the boosted networks of all pairs of one study into one table."""

from ramble.store.console import step

with step(snakemake) as given:
    from ramble.studies.boosting.table import read_boosted, write_boosted

    table = read_boosted(snakemake.input.tables)
    write_boosted(snakemake.params.study, table, snakemake.output.csv, snakemake.output.md)
