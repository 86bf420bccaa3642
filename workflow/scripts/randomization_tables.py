"""Write Tables 1 and 2 of the text on randomization, and judge its claims, by the runs of one study."""

from ramble.store.console import step

with step(snakemake) as given:
    from ramble.papers.randomization.claims.runs import judge_runs
    from ramble.papers.randomization.claims.table import write_claims
    from ramble.papers.randomization.runs_evidence import read_evidence
    from ramble.papers.randomization.tables import write_table_of

    study, (size, printed_size) = snakemake.params.study, snakemake.params.size
    evidence = read_evidence(study, size, printed_size, snakemake.params.settings, snakemake.input.tables)
    for number, name in enumerate(("table1", "table2")):
        write_table_of(name, evidence, *snakemake.output[3 * number : 3 * number + 3])
    write_claims(study, judge_runs(evidence, given.randomization), *snakemake.output.claims)
