"""Measure Hessian spectra along paths."""

from ramble.store.console import step

with step(snakemake) as given:
    from ramble.problems.data import load
    from ramble.problems.stored import stored_problem
    from ramble.spectra.along import write_along_paths
    from ramble.spectra.spectrum import one_row

    problem = stored_problem(given.problem, snakemake.input.data, given.device)
    engine = load(snakemake.params.engine)(**snakemake.params.settings, seed=given.seed)
    write_along_paths(
        one_row(engine),
        problem,
        snakemake.params.study,
        "spectra",
        given.points,
        snakemake.input.paths,
        snakemake.output.tables,
        vars(given) | {"code": snakemake.params.code, "device": str(problem.device)},
    )
