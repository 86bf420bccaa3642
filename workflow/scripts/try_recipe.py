"""Try every reading of the published training recipe."""

from ramble.console import step

with step(snakemake):
    from ramble.artifacts import write_table
    from ramble.contract.problems import load_problem
    from ramble.devices import choose_device
    from ramble.parameters.built_on import RecipeStudy
    from ramble.recipe import try_recipe

    study = RecipeStudy(**snakemake.params.recipe)
    maker = snakemake.params.problem
    problems = {}
    for scale in study.input_scales:
        arguments = maker["arguments"] | {"input_scale": scale, "initial_sigma": study.initial_sigma}
        device = choose_device(snakemake.params.device)
        problems[scale] = load_problem(maker["path"], arguments, snakemake.input.data, device)
    write_table(snakemake.output.table, try_recipe(problems, snakemake.params.seed, snakemake.params.study, study))
