"""Train the networks of one family of the zoo, and join all pairs of them."""

from ramble.store.console import step

with step(snakemake) as given:
    from ramble.store.artifacts import write_table
    from ramble.studies.zoo.trial import try_family

    write_table(snakemake.output.table, try_family(snakemake.params.family, given.study, given.seed))
