"""Find the solutions of one study by stochastic gradient descent."""

from ramble.store.console import step

with step(snakemake):
    from ramble.problems.devices import choose_device
    from ramble.problems.stored import load_problem
    from ramble.store.checkpoints import checkpoint_of_job
    from ramble.store.tensors import read_tensors
    from ramble.studies.paths.solutions import write_solutions
    from ramble.training.stochastic import StochasticRecipe, find_stochastic_solutions

    settings = dict(snakemake.params.solutions)
    count = settings.pop("count")
    problem = load_problem(
        **snakemake.params.problem, data=snakemake.input.data, device=choose_device(snakemake.params.device)
    )
    images, _ = read_tensors(snakemake.input.data[0])
    # not from the params: a job is not to run again because of it
    every = float(snakemake.config["studies"][snakemake.params.study]["checkpoint_seconds"])
    settings_of_run = dict(snakemake.params.items(), device=str(problem.device), checkpoint_seconds=every)
    checkpoint = checkpoint_of_job(snakemake.output.pairs, settings_of_run, images)
    solutions = find_stochastic_solutions(
        problem, snakemake.params.seed, snakemake.params.study, count, StochasticRecipe(**settings), checkpoint
    )
    write_solutions(
        problem, snakemake.params.study, solutions, count, snakemake.output.solutions, snakemake.output.pairs
    )
    checkpoint.remove()
