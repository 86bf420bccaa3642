"""Train one network by a named optimiser, from one seed."""

from ramble.store.console import settings_of_run, step

with step(snakemake) as given:
    from ramble.problems.stored import stored_problem
    from ramble.store.artifacts import write_table
    from ramble.store.checkpoints import checkpoint_of_job
    from ramble.store.points import write_points
    from ramble.store.tensors import tensors_digest
    from ramble.studies.runs.run import facts_of, settings_of
    from ramble.training.named import check_named
    from ramble.training.run import points_of_run
    from ramble.training.runs import Task, train_run

    study, run, number = snakemake.params.study, snakemake.params.run, snakemake.params.number
    settings = settings_of(given, snakemake.params.batch)
    check_named(f"studies.{study}, run {run}", settings)
    problem = stored_problem(given.network, snakemake.input.data, given.device, 0)
    own = {"run": run, "number": number, "settings": settings, "data": tensors_digest(snakemake.input.data[0])}
    checkpoint = checkpoint_of_job(snakemake.output.table, settings_of_run(snakemake, problem.device) | own, {})
    found = train_run(Task(problem, settings, given.validation, given.seed, study, run, number), checkpoint)
    facts = facts_of(problem, settings, number, found)
    points = points_of_run(found.points, found.epochs, name=f"{run}-{number}", study=study, facts=facts)
    write_points(snakemake.output.points, points)
    write_table(snakemake.output.table, found.table)
    checkpoint.remove()
