"""Judge the claims of section 3.3 by what was measured on one stochastic study."""

from ramble.store.console import step

with step(snakemake):
    from ramble.papers.ramble.claims.generalisation import judge_generalisation, read_pairs, write_generalisation
    from ramble.papers.ramble.thresholds import Thresholds

    pairs = read_pairs(
        snakemake.input.paths,
        snakemake.input.profiles,
        snakemake.input.lines,
        snakemake.input.controls,
        snakemake.input.printed,
    )
    thresholds = Thresholds(**snakemake.params.thresholds)
    claims = judge_generalisation(snakemake.params.study, pairs, thresholds)
    write_generalisation(claims, pairs, snakemake.output.csv, snakemake.output.md)
