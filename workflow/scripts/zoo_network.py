"""Train one network of one family of the zoo."""

from ramble.store.console import step

with step(snakemake) as given:
    from ramble.store.tensors import write_tensors
    from ramble.studies.zoo.families import problem_of
    from ramble.studies.zoo.training import recipes_of, trained_network

    family, number = snakemake.params.family, snakemake.params.number
    problem = problem_of(family, given.data.data_root)
    recipe = recipes_of(problem, number + 1)[number]
    weights = trained_network(family, problem, number, recipe, given.seed)
    write_tensors(snakemake.output.network, {"weights": weights}, {"family": family, "recipe": recipe})
