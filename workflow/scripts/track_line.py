"""Walk between pairs of solutions with the tracker `line`."""

from ramble.store.console import step

with step(snakemake):
    from ramble.problems.devices import choose_device
    from ramble.problems.stored import load_problem
    from ramble.studies.paths.tracked import track_pairs
    from ramble.tracking.line import LineTracker

    problem = load_problem(
        **snakemake.params.problem, data=snakemake.input.data, device=choose_device(snakemake.params.device)
    )
    track_pairs(
        problem,
        snakemake.params.study,
        "line",
        LineTracker(snakemake.params.settings),
        snakemake.input.data,
        snakemake.input.solutions,
        snakemake.output.points,
        snakemake.output.steps,
    )
