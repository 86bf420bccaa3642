"""Try every reading of the published training recipe."""

from ramble.store.console import step

with step(snakemake) as given:
    from ramble.problems.devices import choose_device
    from ramble.problems.stored import load_problem
    from ramble.store.artifacts import write_table
    from ramble.studies.recipe.readings import try_recipe

    problems = {}
    for scale in given.study.input_scales:
        arguments = given.problem.arguments | {"input_scale": scale, "initial_sigma": given.study.initial_sigma}
        device = choose_device(given.device)
        problems[scale] = load_problem(given.problem.path, arguments, snakemake.input.data, device)
    write_table(snakemake.output.table, try_recipe(problems, given.seed, snakemake.params.study, given.study))
