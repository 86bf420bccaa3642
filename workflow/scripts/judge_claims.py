"""Judge every claim of the paper by what was measured."""

from ramble.store.console import step

with step(snakemake):
    from ramble.papers.ramble.claims.departures import departures
    from ramble.papers.ramble.claims.evidence import Evidence, read_paths, read_tables
    from ramble.papers.ramble.claims.judge import judge, judge_tuned
    from ramble.papers.ramble.claims.table import write_claims
    from ramble.papers.ramble.thresholds import Thresholds
    from ramble.store.artifacts import read_table

    given = snakemake.input
    evidence = Evidence(
        paths=read_paths(given.paths, given.profiles, given.lines, given.spectra),
        tuned=read_paths(given.tuned_paths, given.tuned_profiles, given.tuned_lines, given.tuned_spectra),
        trackers=read_table(given.trackers),
        pairs=read_tables(given.pairs),
        recipes=read_tables(given.recipes),
        nonzero=read_tables(given.nonzero),
    )
    thresholds, names = Thresholds(**snakemake.params.thresholds), snakemake.params.studies
    claims, tuned = judge(evidence, thresholds, **names), judge_tuned(evidence, thresholds, **names)
    differing = departures(**snakemake.params.judged)
    write_claims(claims, tuned, differing, evidence, snakemake.output.csv, snakemake.output.json, snakemake.output.md)
