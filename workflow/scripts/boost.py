"""Choose better networks from a path by validation images, and count their test errors."""

from ramble.store.console import step

with step(snakemake) as given:
    from ramble.problems.stored import stored_problem
    from ramble.store.artifacts import write_table
    from ramble.store.stored_paths import read_path
    from ramble.store.tensors import read_tensors
    from ramble.studies.boosting.boost import boost

    problem = stored_problem(given.problem, snakemake.input.data, given.device)
    further = read_tensors(snakemake.input.further)[0]["points"]
    table = boost(problem, read_path(snakemake.input.path), further, **given.boosting.model_dump())
    write_table(snakemake.output.table, table)
