"""Judge every claim of the paper by what was measured."""

from ramble.console import step

with step(snakemake):
    from ramble.claims.evidence import read_evidence
    from ramble.claims.judge import judge
    from ramble.claims.table import write_claims
    from ramble.parameters.claims import Thresholds

    evidence = read_evidence(
        snakemake.input.paths,
        snakemake.input.profiles,
        snakemake.input.lines,
        snakemake.input.spectra,
        snakemake.input.trackers,
        snakemake.input.pairs,
        snakemake.input.recipes,
    )
    thresholds = Thresholds(**snakemake.params.thresholds)
    claims = judge(evidence, thresholds, **snakemake.params.studies)
    write_claims(claims, evidence, snakemake.output.csv, snakemake.output.json, snakemake.output.md)
