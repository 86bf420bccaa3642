"""Store eigenvectors of the Hessian at points of a path."""

from ramble.store.console import step

with step(snakemake) as given:
    from ramble.problems.stored import stored_problem
    from ramble.spectra.krylov import KrylovEngine
    from ramble.spectra.vectors_along import write_eigenvectors

    problem = stored_problem(given.problem, [snakemake.input.data], given.device, given.max_errors)
    write_eigenvectors(
        KrylovEngine(snakemake.params.settings, given.seed),
        problem,
        snakemake.params.study,
        given.points,
        snakemake.input.path,
        snakemake.output.table,
        snakemake.output.vectors,
        vars(given) | {"code": snakemake.params.code, "device": str(problem.device)},
    )
