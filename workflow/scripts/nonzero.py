"""Count the eigenvalues that differ from zero, at solutions and along paths."""

from ramble.store.console import step

with step(snakemake) as given:
    from ramble.measure.nonzero import count_nonzero, places_on, solutions_in
    from ramble.problems.stored import stored_problem
    from ramble.store.artifacts import write_table
    from ramble.store.points import read_path

    problem = stored_problem(given.problem, snakemake.input.data, given.device, given.max_errors)
    paths = [read_path(file) for file in snakemake.input.paths]
    places = solutions_in(problem, snakemake.input.solutions) + places_on(paths, given.points)
    write_table(snakemake.output.table, count_nonzero(problem, places, given.factors, given.thresholds))
