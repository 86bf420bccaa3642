"""Judge what the text claims of depth by one study."""

from ramble.store.console import step

with step(snakemake) as given:
    from ramble.papers.randomization.claims.bounds_table import write_claims_of_bounds
    from ramble.papers.randomization.claims.depth import judge_depth
    from ramble.store.artifacts import read_table

    products, layers = (read_table(file) for file in (snakemake.input.products, snakemake.input.layers))
    claims = judge_depth(snakemake.params.study, products, layers, given.randomization_theorems)
    write_claims_of_bounds(snakemake.params.study, claims, snakemake.output.csv, snakemake.output.md)
