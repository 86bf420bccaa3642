"""Find the solutions of one study."""

from ramble.store.console import step

with step(snakemake) as given:
    from ramble.problems.stored import stored_problem
    from ramble.studies.paths.solutions import write_solutions
    from ramble.training.descent import find_solutions

    study, recipe = snakemake.params.study, snakemake.params.recipe
    problem = stored_problem(given.problem, snakemake.input.data, given.device, given.max_errors)
    solutions = find_solutions(problem, given.seed, study, recipe, snakemake.params.datasets)
    write_solutions(problem, study, solutions, recipe.count, snakemake.output.solutions, snakemake.output.pairs)
