"""Find the solutions of one study."""

from ramble.store.console import step

with step(snakemake) as given:
    from ramble.problems.stored import stored_problem
    from ramble.studies.paths.solutions import write_solutions
    from ramble.training.descent import Recipe, Settling, find_solutions

    study, settings = snakemake.params.study, snakemake.params.recipe.model_dump()
    count, settling = settings.pop("count"), Settling(**settings.pop("settling"))
    problem = stored_problem(given.problem, snakemake.input.data, given.device)
    recipe = Recipe(**settings, settling=settling)
    solutions = find_solutions(problem, given.seed, study, count, recipe, snakemake.params.datasets)
    write_solutions(problem, study, solutions, count, snakemake.output.solutions, snakemake.output.pairs)
