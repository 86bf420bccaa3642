"""Choose better networks from paths by validation images, and count their test errors."""

from ramble.console import step

with step(snakemake):
    from ramble.artifacts import write_table
    from ramble.boosting.boost import boost
    from ramble.contract.problems import load_problem
    from ramble.contract.stored_paths import read_path
    from ramble.devices import choose_device
    from ramble.tensors import read_tensors

    problem = load_problem(
        **snakemake.params.problem, data=snakemake.input.data, device=choose_device(snakemake.params.device)
    )
    for path, further, output in zip(
        snakemake.input.paths, snakemake.input.further, snakemake.output.tables, strict=True
    ):
        points = read_tensors(further)[0]["points"]
        write_table(output, boost(problem, read_path(path), points, **snakemake.params.boosting))
