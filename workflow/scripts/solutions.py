"""Find the solutions of one study."""

from ramble.store.console import step

with step(snakemake) as given:
    from ramble.problems.stored import load_problem
    from ramble.studies.paths.solutions import write_solutions
    from ramble.training.descent import Recipe, Settling, find_solutions

    study, settings = snakemake.params.study, given.recipe.model_dump()
    count, settling = settings.pop("count"), Settling(**settings.pop("settling"))
