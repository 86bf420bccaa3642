"""Judge the claims of the paper by what was measured on one study."""

from ramble.store.console import step

with step(snakemake) as given:
    from ramble.papers.ramble.claims.evidence import Evidence, read_paths
    from ramble.papers.ramble.claims.judge import judge, section_of
    from ramble.papers.ramble.claims.table import write_claims_of_study
    from ramble.papers.ramble.comparison.pairs import read_outcomes
    from ramble.papers.ramble.comparison.table import compare

    files, study = snakemake.input, snakemake.params.study
    outcomes = read_outcomes(files.all_paths, files.all_profiles, files.solutions)
    evidence = Evidence(
        paths=read_paths(files.paths, files.profiles, files.line_paths, files.lines, files.spectra),
        tuned={},
        trackers=compare(outcomes, given.claims.low_loss_factor),
        pairs={},
        recipes={},
        nonzero={},
    )
    claims = judge(evidence, given.claims, **{section_of(given.path): study})
    write_claims_of_study(study, claims, snakemake.output.csv, snakemake.output.md)
