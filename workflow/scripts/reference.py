"""Compare the engine `krylov` with PyHessian at some points of one path."""

from ramble.store.console import step

with step(snakemake) as given:
    from ramble.problems.stored import stored_problem
    from ramble.spectra.krylov import KrylovEngine
    from ramble.spectra.pyhessian import PyHessianEngine
    from ramble.spectra.reference import write_reference

    write_reference(
        KrylovEngine(snakemake.params.ours, seed=given.seed),
        PyHessianEngine(snakemake.params.theirs, seed=given.seed),
        stored_problem(given.problem, [snakemake.input.data], given.device, given.max_errors),
        snakemake.params.study,
        snakemake.params.points,
        snakemake.input.path,
        snakemake.output.table,
    )
