"""Count the eigenvalues that differ from zero, at solutions and along paths."""

from ramble.store.console import step

with step(snakemake):
    from ramble.measure.nonzero import count_nonzero, places_on, solutions_in
    from ramble.problems.devices import choose_device
    from ramble.problems.stored import load_problem
    from ramble.store.artifacts import write_table
    from ramble.store.points import read_path

    problem = load_problem(
        **snakemake.params.problem, data=snakemake.input.data, device=choose_device(snakemake.params.device)
    )
    counted = dict(snakemake.params.counted)
    paths = [read_path(file) for file in snakemake.input.paths]
    places = solutions_in(problem, snakemake.input.solutions) + places_on(paths, counted.pop("points"))
    write_table(snakemake.output.table, count_nonzero(problem, places, **counted))
