"""Train on from W_a for as many gradients as each path took: the control of the paths' best test errors."""

from ramble.console import step

with step(snakemake.log[0], snakemake.params.threads):
    from ramble.artifacts import read_tensors, write_table
    from ramble.contract.problems import load_problem
    from ramble.devices import choose_device
    from ramble.seeds import derive_seed
    from ramble.wandering import wander

    problem = load_problem(
        **snakemake.params.problem, data=snakemake.input.data, device=choose_device(snakemake.params.device)
    )
    for path, output in zip(snakemake.input.paths, snakemake.output.tables, strict=True):
        tensors, header = read_tensors(path)
        points = tensors["points"]
        seed = derive_seed(snakemake.params.seed, snakemake.params.study, "further training", header["pair"])
        gradients = int(header["gradients"])
        write_table(output, wander(problem, points[0], gradients, len(points), **snakemake.params.settings, seed=seed))
