"""Try to join all pairs of one data set's solutions with the tracker `guarded`."""

from ramble.store.console import step

with step(snakemake) as given:
    import torch

    from ramble.problems.seeds import derive_seed
    from ramble.problems.stored import read_weights, stored_problem
    from ramble.store.artifacts import write_table
    from ramble.studies.connectivity.joining import track_all_pairs
    from ramble.tracking.tracker import tracker_of

    problem = stored_problem(given.problem, snakemake.input.data, given.device, given.max_errors)
    pairs = track_all_pairs(
        problem,
        snakemake.params.study,
        tracker_of(given.tracker, derive_seed(given.seed, snakemake.params.study, "guarded")),
        torch.stack([read_weights(problem, file) for file in snakemake.input.solutions]),
        snakemake.params.dataset,
        given.pairs_at_once,
        given.line_points,
    )
    write_table(snakemake.output.pairs, pairs)
