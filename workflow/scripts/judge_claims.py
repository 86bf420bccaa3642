"""Judge every claim of the paper by what was measured."""

from ramble.store.console import step

with step(snakemake) as given:
    from ramble.papers.ramble.claims.departures import departures
    from ramble.papers.ramble.claims.evidence import Evidence, read_paths, read_tables
    from ramble.papers.ramble.claims.judge import judge, judge_tuned
    from ramble.papers.ramble.claims.table import write_claims
    from ramble.store.artifacts import read_table

    files = snakemake.input
    evidence = Evidence(
        paths=read_paths(files.paths, files.profiles, files.line_paths, files.lines, files.spectra),
        tuned=read_paths(
            files.tuned_paths, files.tuned_profiles, files.tuned_line_paths, files.tuned_lines, files.tuned_spectra
        ),
        trackers=read_table(files.trackers),
        pairs=read_tables(files.pairs),
        recipes=read_tables(files.recipes),
        nonzero=read_tables(files.nonzero),
    )
    judged = snakemake.params.judged
    claims, tuned = judge(evidence, given.claims, **judged), judge_tuned(evidence, given.claims, **judged)
    differing = departures(
        **{section: snakemake.params.given[f"studies.{study}"].model_dump() for section, study in judged.items()}
    )
    write_claims(claims, tuned, differing, evidence, snakemake.output.csv, snakemake.output.json, snakemake.output.md)
