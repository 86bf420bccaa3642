"""Train on from W_a for as many gradients as a path took: the control of the path's best test errors."""

from ramble.store.console import settings_of_run, step

with step(snakemake) as given:
    import torch

    from ramble.problems.seeds import derive_seed
    from ramble.problems.stored import stored_problem
    from ramble.store.artifacts import write_table
    from ramble.store.checkpoints import checkpoint_of_job
    from ramble.store.points import read_path, write_points
    from ramble.training.further import train_further
    from ramble.training.run import points_of_run

    study = snakemake.params.study
    problem = stored_problem(given.problem, snakemake.input.data, given.device, given.max_errors)
    path = read_path(snakemake.input.path)
    points, pair, gradients = torch.from_numpy(path.points), path.header.pair, path.header.gradients
    seed = derive_seed(given.seed, study, "further training", pair)
    settings = settings_of_run(snakemake, problem.device) | {"seed": seed, "gradients": gradients}
    checkpoint = checkpoint_of_job(snakemake.output.table, settings, {"points": points})
    found = train_further(
        problem,
        points[0],
        gradients,
        len(points),
        rate=given.rate,
        batch=given.batch,
        seed=seed,
        checkpoint=checkpoint,
    )
    write_table(snakemake.output.table, found.table)
    facts = {"pair": pair, "gradients": gradients, **problem.metadata}
    run = points_of_run(found.points, found.table.gradients.tolist(), name=pair, study=study, facts=facts)
    write_points(snakemake.output.points, run)
    checkpoint.remove()
