"""Track a study's pairs with the guarded tracker, one setting changed at a time."""

from ramble.store.console import step

with step(snakemake) as given:
    from ramble.problems.seeds import derive_seed
    from ramble.problems.stored import stored_problem
    from ramble.store.artifacts import write_table
    from ramble.studies.ablation.variants import ablate
    from ramble.studies.paths.tracked import read_ends

    problem = stored_problem(given.problem, snakemake.input.data, given.device, given.max_errors)
    pairs = read_ends(problem, snakemake.params.pairs, snakemake.input.solutions)
    seed = derive_seed(given.seed, snakemake.params.of, "guarded")
    table = ablate(problem, given.tracker, given.study.variants, seed, pairs.starts, pairs.ends, pairs.datasets)
    write_table(snakemake.output.table, table)
