"""Compare the Hessian with its Gauss-Newton part along paths."""

from ramble.store.console import step

with step(snakemake) as given:
    from ramble.problems.stored import stored_problem
    from ramble.spectra.along import write_along
    from ramble.spectra.gauss_newton import GaussNewtonEngine

    problem = stored_problem(given.problem, snakemake.input.data, given.device)
    engine = GaussNewtonEngine(snakemake.params.settings, seed=given.seed)
    write_along(
        engine.rows,
        problem,
        snakemake.params.study,
        engine.what,
        given.points,
        snakemake.input.paths,
        snakemake.output.tables,
        vars(given) | {"code": snakemake.params.code, "device": str(problem.device)},
    )
