"""Count the eigenvalues that differ from zero, at solutions and along paths."""

from ramble.console import step

with step(snakemake):
    from ramble.artifacts import write_table
    from ramble.contract.problems import load_problem
    from ramble.contract.stored_paths import read_path
    from ramble.devices import choose_device
    from ramble.nonzero import count_nonzero, places_on, solutions_in

    problem = load_problem(
        **snakemake.params.problem, data=snakemake.input.data, device=choose_device(snakemake.params.device)
    )
    counted = dict(snakemake.params.counted)
    paths = [read_path(file) for file in snakemake.input.paths]
    places = solutions_in(problem, snakemake.input.solutions) + places_on(paths, counted.pop("points"))
    write_table(snakemake.output.table, count_nonzero(problem, places, **counted))
