"""Train on from W_a for as many gradients as each path took: the control of the paths' best test errors."""

from ramble.store.console import step

with step(snakemake):
    from ramble.problems.devices import choose_device
    from ramble.problems.seeds import derive_seed
    from ramble.problems.stored import load_problem
    from ramble.store.artifacts import write_table
    from ramble.store.checkpoints import checkpoint_of_job
    from ramble.store.tensors import read_tensors, write_tensors
    from ramble.training.further import wander

    problem = load_problem(
        **snakemake.params.problem, data=snakemake.input.data, device=choose_device(snakemake.params.device)
    )
    # not from the params: a job is not to run again because of it
    every = float(snakemake.config["studies"][snakemake.params.study]["checkpoint_seconds"])
    settings_of_run = dict(snakemake.params.items(), device=str(problem.device), checkpoint_seconds=every)
    checkpoints = []
    for number, path in enumerate(snakemake.input.paths):
        tensors, header = read_tensors(path)
        points = tensors["points"]
        seed = derive_seed(snakemake.params.seed, snakemake.params.study, "further training", header["pair"])
        gradients = int(header["gradients"])
        of_path = settings_of_run | {"seed": seed, "gradients": gradients}
        checkpoints.append(checkpoint_of_job(snakemake.output.tables[number], of_path, {"points": points}))
        found = wander(
            problem,
            points[0],
            gradients,
            len(points),
            **snakemake.params.settings,
            seed=seed,
            checkpoint=checkpoints[-1],
        )
        write_table(snakemake.output.tables[number], found.table)
        if snakemake.output.get("points"):  # where a step goes on from them
            facts = {"study": snakemake.params.study, "pair": header["pair"], "gradients": gradients}
            write_tensors(snakemake.output.points[number], {"points": found.points}, facts | problem.metadata)
    for checkpoint in checkpoints:
        checkpoint.remove()
