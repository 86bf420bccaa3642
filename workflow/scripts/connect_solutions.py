"""Try to join all pairs of one data set's solutions with the tracker `guarded`."""

from ramble.store.console import step

with step(snakemake):
    import torch

    from ramble.problems.devices import choose_device
    from ramble.problems.seeds import derive_seed
    from ramble.problems.stored import load_problem, read_weights
    from ramble.store.artifacts import write_table
    from ramble.studies.connectivity.joining import track_all_pairs
    from ramble.tracking.tracker import tracker_of

    problem = load_problem(
        **snakemake.params.problem, data=snakemake.input.data, device=choose_device(snakemake.params.device)
    )
    seed = derive_seed(snakemake.params.seed, snakemake.params.study, "guarded")
    pairs = track_all_pairs(
        problem,
        snakemake.params.study,
        tracker_of(snakemake.params.settings, seed),
        torch.stack([read_weights(problem, file) for file in snakemake.input.solutions]),
        snakemake.params.dataset,
        snakemake.params.pairs_at_once,
        snakemake.params.line_points,
    )
    write_table(snakemake.output.pairs, pairs)
