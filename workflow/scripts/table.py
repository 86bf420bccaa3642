"""Write the table that a kind of study makes of the networks of another study."""

from ramble.store.console import step

with step(snakemake) as given:
    from ramble.problems.data import load
    from ramble.problems.stored import stored_problem
    from ramble.store.artifacts import write_table

    problem = stored_problem(given.problem, snakemake.input.data, given.device, given.max_errors)
    measure = load(given.study.measured_by)
    write_table(snakemake.output.table, measure(problem, snakemake.input.solutions, given.study))
