"""Walk between pairs of solutions with the tracker `guarded` of a stochastic study."""

from ramble.store.console import step

with step(snakemake):
    from ramble.problems.devices import choose_device
    from ramble.problems.seeds import derive_seed
    from ramble.problems.stored import load_problem, read_weights
    from ramble.store.checkpoints import checkpoint_of_job
    from ramble.studies.paths.tracked import track_pairs
    from ramble.tracking.stochastic import StochasticGuardedTracker

    problem = load_problem(
        **snakemake.params.problem, data=snakemake.input.data, device=choose_device(snakemake.params.device)
    )
    seed = derive_seed(snakemake.params.seed, snakemake.params.study, "guarded")
    solutions = {file: read_weights(problem, file) for file in snakemake.input.solutions}
    # not from the params: a job is not to run again because of it
    every = float(snakemake.config["studies"][snakemake.params.study]["checkpoint_seconds"])
    settings_of_run = dict(snakemake.params.items(), device=str(problem.device), checkpoint_seconds=every)
    checkpoints = [checkpoint_of_job(file, settings_of_run, solutions) for file in snakemake.output.points]
    track_pairs(
        problem,
        snakemake.params.study,
        "guarded",
        StochasticGuardedTracker(snakemake.params.settings, seed=seed, checkpoints=checkpoints),
        snakemake.input.data,
        snakemake.input.solutions,
        snakemake.output.points,
        snakemake.output.steps,
    )
    for checkpoint in checkpoints:
        checkpoint.remove()
