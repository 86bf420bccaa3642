"""Measure Hessian spectra along paths."""

from ramble.store.console import step

with step(snakemake) as given:
    from ramble.problems.stored import stored_problem
    from ramble.spectra.along import on_first, write_along
    from ramble.spectra.engine import engine_of

    problem = stored_problem(given.problem, snakemake.input.data, given.device, given.max_errors)
    engine = engine_of(snakemake.params.settings, given.seed)
    write_along(
        on_first(engine.rows, given.samples) if given.samples else engine.rows,
        problem,
        snakemake.params.study,
        engine.what,
        given.points,
        snakemake.input.paths,
        snakemake.output.tables,
        vars(given) | {"code": snakemake.params.code, "device": str(problem.device)},
    )
