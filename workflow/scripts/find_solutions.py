"""Find the solutions of one study."""

from ramble.store.console import step

with step(snakemake):
    from ramble.problems.devices import choose_device
    from ramble.problems.stored import load_problem
    from ramble.studies.paths.solutions import write_solutions
    from ramble.training.descent import Recipe, Settling, find_solutions

    settings = dict(snakemake.params.solutions)
    count, settling = settings.pop("count"), Settling(**settings.pop("settling"))
    problem = load_problem(
        **snakemake.params.problem, data=snakemake.input.data, device=choose_device(snakemake.params.device)
    )
    recipe = Recipe(**settings, settling=settling)
    solutions = find_solutions(
        problem, snakemake.params.seed, snakemake.params.study, count, recipe, snakemake.params.datasets
    )
    write_solutions(
        problem, snakemake.params.study, solutions, count, snakemake.output.solutions, snakemake.output.pairs
    )
