"""Walk between pairs of solutions with one tracker."""

from ramble.store.console import settings_of_run, step

with step(snakemake) as given:
    from ramble.problems.seeds import derive_seed
    from ramble.problems.stored import read_weights, stored_problem
    from ramble.store.checkpoints import checkpoint_of_job
    from ramble.studies.paths.tracked import track_pairs
    from ramble.tracking.tracker import tracker_of

    study, name = snakemake.params.study, snakemake.params.tracker
    problem = stored_problem(given.problem, snakemake.input.data, given.device, given.max_errors)
    checkpoints = []
    if settings := settings_of_run(snakemake, problem.device):
        solutions = {file: read_weights(problem, file) for file in snakemake.input.solutions}
        checkpoints = [checkpoint_of_job(file, settings, solutions) for file in snakemake.output.points]
    track_pairs(
        problem,
        study,
        name,
        tracker_of(given.tracker, derive_seed(given.seed, study, name), checkpoints),
        snakemake.input.data,
        snakemake.input.solutions,
        snakemake.output.points,
        snakemake.output.steps,
    )
    for checkpoint in checkpoints:
        checkpoint.remove()
