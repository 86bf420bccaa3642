"""Walk between pairs of solutions with the tracker `curve`."""

from ramble.store.console import step

with step(snakemake):
    from ramble.problems.devices import choose_device
    from ramble.problems.seeds import derive_seed
    from ramble.problems.stored import load_problem
    from ramble.studies.paths.tracked import track_pairs
    from ramble.tracking.curve import CurveTracker

    problem = load_problem(
        **snakemake.params.problem, data=snakemake.input.data, device=choose_device(snakemake.params.device)
    )
    seed = derive_seed(snakemake.params.seed, snakemake.params.study, "curve")
    track_pairs(
        problem,
        snakemake.params.study,
        "curve",
        CurveTracker(snakemake.params.settings, seed=seed),
        snakemake.input.data,
        snakemake.input.solutions,
        snakemake.output.points,
        snakemake.output.steps,
    )
