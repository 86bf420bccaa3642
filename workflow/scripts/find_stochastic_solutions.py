"""Find the solutions of one study by stochastic gradient descent."""

from ramble.console import step

with step(snakemake):
    from ramble.checkpoints import checkpoint_of_job
    from ramble.contract.problems import load_problem
    from ramble.contract.solutions import write_solutions
    from ramble.devices import choose_device
    from ramble.stochastic import StochasticRecipe, find_stochastic_solutions
    from ramble.tensors import read_tensors

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
