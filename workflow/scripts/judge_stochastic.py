"""Judge the claims of section 3.3 by what was measured on one stochastic study."""

from ramble.store.console import step

with step(snakemake) as given:
    from ramble.papers.ramble.claims.generalisation import judge_generalisation, read_measured, write_generalisation

    pairs = read_measured(
        snakemake.input.paths,
        snakemake.input.profiles,
        snakemake.input.line_paths,
        snakemake.input.lines,
        snakemake.input.controls,
        snakemake.input.printed,
    )
    claims = judge_generalisation(snakemake.params.study, pairs, given.claims)
    write_generalisation(claims, pairs, snakemake.output.csv, snakemake.output.md)
