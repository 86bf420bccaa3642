"""Take the solutions of one study from checkpoints of others."""

from ramble.store.console import step

with step(snakemake) as given:
    from ramble.problems.stored import stored_problem
    from ramble.studies.paths.given import given_solutions
    from ramble.studies.paths.solutions import write_solutions

    study, files = snakemake.params.study, snakemake.input.files
    problem = stored_problem(given.problem, snakemake.input.data, given.device, given.max_errors)
    solutions = given_solutions(problem, study, files)
    write_solutions(problem, study, solutions, len(files), snakemake.output.solutions, snakemake.output.pairs)
