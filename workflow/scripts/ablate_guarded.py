"""Track a study's pairs with the guarded tracker, one setting changed at a time."""

from ramble.console import step

with step(snakemake):
    from ramble.ablation import ablate
    from ramble.artifacts import write_table
    from ramble.contract.paths import read_pairs
    from ramble.contract.problems import load_problem
    from ramble.devices import choose_device
    from ramble.seeds import derive_seed

    problem = load_problem(
        **snakemake.params.problem, data=snakemake.input.data, device=choose_device(snakemake.params.device)
    )
    pairs = read_pairs(problem, snakemake.params.pairs, snakemake.input.solutions)
    seed = derive_seed(snakemake.params.seed, snakemake.params.of, "guarded")
    table = ablate(
        problem, snakemake.params.settings, snakemake.params.variants, seed, pairs.starts, pairs.ends, pairs.datasets
    )
    write_table(snakemake.output.table, table)
