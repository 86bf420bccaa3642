"""Compare the engine `krylov` with PyHessian at some points of one path."""

from ramble.store.console import step

with step(snakemake):
    from ramble.problems.devices import choose_device
    from ramble.problems.stored import load_problem
    from ramble.spectra.krylov import KrylovEngine
    from ramble.spectra.pyhessian import PyHessianEngine
    from ramble.spectra.reference import write_reference

    problem = load_problem(
        **snakemake.params.problem, data=snakemake.input.data, device=choose_device(snakemake.params.device)
    )
    write_reference(
        KrylovEngine(**snakemake.params.ours, seed=snakemake.params.seed),
        PyHessianEngine(**snakemake.params.theirs, seed=snakemake.params.seed),
        problem,
        snakemake.params.study,
        snakemake.params.points,
        snakemake.input.path,
        snakemake.output.table,
    )
