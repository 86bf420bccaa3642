"""Measure loss, error and margin along paths."""

from ramble.store.console import step

with step(snakemake) as given:
    from ramble.measure.profile import profile
    from ramble.problems.stored import stored_problem
    from ramble.store.artifacts import write_table
    from ramble.store.points import read_path
    from ramble.store.progress import Progress

    problem = stored_problem(given.problem, snakemake.input.data, given.device, given.max_errors)
    paths = [read_path(file) for file in snakemake.input.paths]
    steps = len(problem.splits) * sum(len(path.points) for path in paths)
    with Progress(f"{snakemake.params.study}: profiles of {len(paths)} paths", steps) as progress:
        for path, output in zip(paths, snakemake.output.tables, strict=True):
            write_table(output, profile(problem, path, progress))
