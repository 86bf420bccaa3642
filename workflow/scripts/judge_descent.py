"""Judge what the text claims of gradient descent by one study."""

from ramble.store.console import step

with step(snakemake) as given:
    from ramble.papers.randomization.claims.bounds_table import write_claims_of_bounds
    from ramble.papers.randomization.claims.descent import DescentTables, judge_descent
    from ramble.store.artifacts import read_table

    tables = DescentTables(**{name: read_table(file) for name, file in snakemake.input.items()})
    claims = judge_descent(snakemake.params.study, tables, given.randomization_theorems)
    write_claims_of_bounds(snakemake.params.study, claims, snakemake.output.csv, snakemake.output.md)
