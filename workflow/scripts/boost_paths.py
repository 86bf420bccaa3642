"""Choose better networks from paths by validation images, and count their test errors."""

from ramble.store.console import step

with step(snakemake):
    from ramble.problems.devices import choose_device
    from ramble.problems.stored import load_problem
    from ramble.store.artifacts import write_table
    from ramble.store.points import read_path, read_points
    from ramble.studies.boosting.boost import boost

    problem = load_problem(
        **snakemake.params.problem, data=snakemake.input.data, device=choose_device(snakemake.params.device)
    )
    for path, further, output in zip(
        snakemake.input.paths, snakemake.input.further, snakemake.output.tables, strict=True
    ):
        table = boost(problem, read_path(path), read_points(further), **snakemake.params.boosting)
        write_table(output, table)
