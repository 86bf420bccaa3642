"""Track a study's pairs with the guarded tracker, one setting changed at a time."""

from ramble.store.console import step

with step(snakemake):
    from ramble.problems.devices import choose_device
    from ramble.problems.seeds import derive_seed
    from ramble.problems.stored import load_problem
    from ramble.store.artifacts import write_table
    from ramble.studies.ablation.variants import ablate
    from ramble.studies.paths.tracked import read_pairs

    problem = load_problem(
        **snakemake.params.problem, data=snakemake.input.data, device=choose_device(snakemake.params.device)
    )
    pairs = read_pairs(problem, snakemake.params.pairs, snakemake.input.solutions)
    seed = derive_seed(snakemake.params.seed, snakemake.params.of, "guarded")
    table = ablate(
        problem, snakemake.params.settings, snakemake.params.variants, seed, pairs.starts, pairs.ends, pairs.datasets
    )
    write_table(snakemake.output.table, table)
