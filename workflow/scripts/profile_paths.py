"""Measure loss, error and margin along the paths of one study."""

from ramble.console import step

with step(snakemake):
    from ramble.artifacts import write_table
    from ramble.contract.problems import load_problem
    from ramble.contract.stored_paths import read_path
    from ramble.devices import choose_device
    from ramble.profiles import profile
    from ramble.progress import Progress

    problem = load_problem(
        **snakemake.params.problem, data=snakemake.input.data, device=choose_device(snakemake.params.device)
    )
    paths = [read_path(file) for file in snakemake.input.paths]
    steps = len(problem.splits) * sum(len(path.points) for path in paths)
    with Progress(f"{snakemake.params.study}: profiles of {len(paths)} paths", steps) as progress:
        for path, output in zip(paths, snakemake.output.tables, strict=True):
            write_table(output, profile(problem, path, progress))
