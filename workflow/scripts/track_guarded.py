"""Walk between pairs of solutions with the tracker `guarded`."""

from ramble.store.console import step

with step(snakemake):
    from ramble.problems.devices import choose_device
    from ramble.problems.seeds import derive_seed
    from ramble.problems.stored import load_problem
    from ramble.studies.paths.tracked import track_pairs
    from ramble.tracking.guarded import GuardedTracker

    problem = load_problem(
        **snakemake.params.problem, data=snakemake.input.data, device=choose_device(snakemake.params.device)
    )
    seed = derive_seed(snakemake.params.seed, snakemake.params.study, "guarded")
    track_pairs(
        problem,
        snakemake.params.study,
        "guarded",
        GuardedTracker(snakemake.params.settings, seed=seed),
        snakemake.input.data,
        snakemake.input.solutions,
        snakemake.output.points,
        snakemake.output.steps,
    )
