"""Find the solutions of one study by stochastic gradient descent."""

from ramble.store.console import settings_of_run, step

with step(snakemake) as given:
    from ramble.problems.stored import stored_problem
    from ramble.store.checkpoints import checkpoint_of_job
    from ramble.store.tensors import read_tensors
    from ramble.studies.paths.solutions import write_solutions
    from ramble.training.stochastic import find_stochastic_solutions

    study, recipe = snakemake.params.study, snakemake.params.recipe
    problem = stored_problem(given.problem, snakemake.input.data, given.device, given.max_errors)
    images, _ = read_tensors(snakemake.input.data[0])
    checkpoint = checkpoint_of_job(snakemake.output.pairs, settings_of_run(snakemake, problem.device), images)
    solutions = find_stochastic_solutions(problem, given.seed, study, recipe, checkpoint)
    write_solutions(problem, study, solutions, recipe.count, snakemake.output.solutions, snakemake.output.pairs)
    checkpoint.remove()
