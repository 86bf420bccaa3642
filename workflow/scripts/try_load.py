"""Train and track at one load."""

from ramble.store.console import step

with step(snakemake):
    from ramble.problems.data import build
    from ramble.problems.devices import choose_device
    from ramble.problems.seeds import derive_seed
    from ramble.store.artifacts import write_table
    from ramble.store.tensors import read_tensors
    from ramble.studies.load.trials import first_patterns, try_load
    from ramble.tracking.tracker import tracker_of
    from ramble.training.descent import Recipe, Settling

    study, settings = snakemake.params.study, dict(snakemake.params.solutions)
    count, settling = settings.pop("count"), Settling(**settings.pop("settling"))
    maker, patterns = snakemake.params.problem, snakemake.params.patterns
    sets = [first_patterns(read_tensors(file)[0], patterns) for file in snakemake.input.data]
    device = choose_device(snakemake.params.device)
    problem = build("problem.arguments", maker["path"], sets, device=device, **maker["arguments"])
    trackers = {
        name: tracker_of(values, derive_seed(snakemake.params.seed, study, name))
        for name, values in snakemake.params.trackers.items()
    }
    recipe = Recipe(**settings, settling=settling)
    table = try_load(problem, snakemake.params.seed, study, count, recipe, trackers)
    table.insert(0, "patterns", patterns)
    table.insert(0, "alpha", snakemake.params.alpha)
    write_table(snakemake.output.table, table)
