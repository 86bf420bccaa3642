"""Count the errors in the plane through a path's ends and its farthest point."""

from ramble.store.console import step

with step(snakemake):
    from ramble.measure.plane import plane_of_path
    from ramble.problems.devices import choose_device
    from ramble.problems.stored import end_of_pair, load_problem
    from ramble.store.artifacts import write_table
    from ramble.store.points import read_path, representative

    problem = load_problem(
        **snakemake.params.problem, data=snakemake.input.data, device=choose_device(snakemake.params.device)
    )
    path = representative([read_path(file) for file in snakemake.input.paths])
    end = end_of_pair(problem, path.name, snakemake.input.solutions)
    plane = plane_of_path(problem, path, end, snakemake.params.grid)
    write_table(snakemake.output.grid, plane.grid)
    write_table(snakemake.output.curve, plane.curve)
