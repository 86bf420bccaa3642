"""Try every reading of the published training recipe."""

from ramble.store.console import step

with step(snakemake):
    from ramble.problems.devices import choose_device
    from ramble.problems.stored import load_problem
    from ramble.store.artifacts import write_table
    from ramble.studies.recipe.parameters import Study as RecipeStudy
    from ramble.studies.recipe.readings import try_recipe

    study = RecipeStudy(**snakemake.params.recipe)
    maker = snakemake.params.problem
    problems = {}
    for scale in study.input_scales:
        arguments = maker["arguments"] | {"input_scale": scale, "initial_sigma": study.initial_sigma}
        device = choose_device(snakemake.params.device)
        problems[scale] = load_problem(maker["path"], arguments, snakemake.input.data, device)
    write_table(snakemake.output.table, try_recipe(problems, snakemake.params.seed, snakemake.params.study, study))
