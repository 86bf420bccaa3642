"""Train and track at one load."""

from ramble.store.console import step

with step(snakemake) as given:
    from ramble.problems.data import build
    from ramble.problems.devices import choose_device
    from ramble.problems.seeds import derive_seed
    from ramble.store.artifacts import write_table
    from ramble.store.tensors import read_tensors
    from ramble.studies.load.trials import first_patterns, try_load
    from ramble.tracking.tracker import tracker_of

    name, patterns, study = snakemake.params.study, snakemake.params.patterns, given.study
    recipe = given.solutions.model_copy(update={"count": study.solutions, "batch": study.batch, "rounds": study.rounds})
    sets = [first_patterns(read_tensors(file)[0], patterns) for file in snakemake.input.data]
    device = choose_device(given.device)
    problem = build("problem.arguments", given.problem.path, sets, device=device, **given.problem.arguments)
    problem.allow_errors(given.max_errors)
    trackers = {
        key.rpartition(".")[2]: tracker_of(values, derive_seed(given.seed, name, key.rpartition(".")[2]))
        for key, values in snakemake.params.trackers.items()
    }
    table = try_load(problem, given.seed, name, recipe, trackers)
    table.insert(0, "patterns", patterns)
    table.insert(0, "alpha", snakemake.params.alpha)
    write_table(snakemake.output.table, table)
