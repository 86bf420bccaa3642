"""Train on from W_a for as many gradients as each path took: the control of the paths' best test errors."""

from ramble.store.console import step

with step(snakemake):
    import torch

    from ramble.problems.devices import choose_device
    from ramble.problems.seeds import derive_seed
    from ramble.problems.stored import load_problem
    from ramble.store.artifacts import write_table
    from ramble.store.checkpoints import checkpoint_of_job
    from ramble.store.points import read_path, write_points
    from ramble.training.further import wander
    from ramble.training.run import points_of_run

    problem = load_problem(
        **snakemake.params.problem, data=snakemake.input.data, device=choose_device(snakemake.params.device)
    )
    # not from the params: a job is not to run again because of it
    every = float(snakemake.config["studies"][snakemake.params.study]["checkpoint_seconds"])
    settings_of_run = dict(snakemake.params.items(), device=str(problem.device), checkpoint_seconds=every)
    checkpoints = []
    for number, file in enumerate(snakemake.input.paths):
        path = read_path(file)
        points, pair, gradients = torch.from_numpy(path.points), path.header.pair, path.header.gradients
        seed = derive_seed(snakemake.params.seed, snakemake.params.study, "further training", pair)
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
            facts = {"pair": pair, "gradients": gradients, **problem.metadata}
            run = points_of_run(
                found.points, found.table.gradients.tolist(), name=pair, study=snakemake.params.study, facts=facts
            )
            write_points(snakemake.output.points[number], run)
    for checkpoint in checkpoints:
        checkpoint.remove()
