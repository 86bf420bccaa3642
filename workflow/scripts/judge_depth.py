"""Judge what the text claims of depth by one study."""

from ramble.store.console import step

with step(snakemake) as given:
    from ramble.papers.randomization.claims.bounds_table import write_claims_of_bounds
    from ramble.papers.randomization.claims.depth import judge_depth
    from ramble.store.artifacts import read_table

    products, layers = (read_table(file) for file in (snakemake.input.products, snakemake.input.layers))
    study, departures = snakemake.params.study, snakemake.params.departures
    claims = judge_depth(study, products, layers, given.randomization_theorems, departures)
    write_claims_of_bounds(study, claims, snakemake.output.csv, snakemake.output.md)
