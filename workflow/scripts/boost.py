"""Choose better networks from a path by validation images, and count their test errors."""

from ramble.store.console import step

with step(snakemake) as given:
    from ramble.problems.stored import stored_problem
    from ramble.store.artifacts import write_table
    from ramble.store.points import read_path, read_points
    from ramble.studies.boosting.boost import boost

    problem = stored_problem(given.problem, snakemake.input.data, given.device, given.max_errors)
    path, further = read_path(snakemake.input.path), read_points(snakemake.input.further)
    table = boost(problem, path, further, **given.boosting.model_dump())
    write_table(snakemake.output.table, table)
