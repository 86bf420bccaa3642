"""Measure loss, error and margin along the paths of one study."""

from ramble.store.console import step

with step(snakemake):
    from ramble.measure.profile import profile
    from ramble.problems.devices import choose_device
    from ramble.problems.stored import load_problem
    from ramble.store.artifacts import write_table
    from ramble.store.points import read_path
    from ramble.store.progress import Progress

    problem = load_problem(
        **snakemake.params.problem, data=snakemake.input.data, device=choose_device(snakemake.params.device)
    )
    paths = [read_path(file) for file in snakemake.input.paths]
    steps = len(problem.splits) * sum(len(path.points) for path in paths)
    with Progress(f"{snakemake.params.study}: profiles of {len(paths)} paths", steps) as progress:
        for path, output in zip(paths, snakemake.output.tables, strict=True):
            write_table(output, profile(problem, path, progress))
