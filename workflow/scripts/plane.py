"""Count the errors in the plane through a path's ends and its farthest point."""

from ramble.store.console import step

with step(snakemake) as given:
    from ramble.measure.plane import plane_of_path
    from ramble.problems.stored import end_of_pair, stored_problem
    from ramble.store.artifacts import write_table
    from ramble.store.points import read_path, representative

    problem = stored_problem(given.problem, snakemake.input.data, given.device, given.max_errors)
    path = representative([read_path(file) for file in snakemake.input.paths])
    end = end_of_pair(problem, path.name, snakemake.input.solutions)
    plane = plane_of_path(problem, path, end, given.grid)
    write_table(snakemake.output.grid, plane.grid)
    write_table(snakemake.output.curve, plane.curve)
