"""Walk between pairs of solutions with Algorithm 1, as tracker `paper` or `paper_tuned`."""

from ramble.store.console import step

with step(snakemake):
    from ramble.problems.devices import choose_device
    from ramble.problems.stored import load_problem
    from ramble.studies.paths.tracked import track_pairs
    from ramble.tracking.paper import PaperTracker

    problem = load_problem(
        **snakemake.params.problem, data=snakemake.input.data, device=choose_device(snakemake.params.device)
    )
    track_pairs(
        problem,
        snakemake.params.study,
        snakemake.params.tracker,
        PaperTracker(snakemake.params.settings),
        snakemake.input.data,
        snakemake.input.solutions,
        snakemake.output.points,
        snakemake.output.steps,
    )
