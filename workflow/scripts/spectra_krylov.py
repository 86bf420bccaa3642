"""Measure Hessian spectra along paths with the engine `krylov`."""

from ramble.store.console import step

with step(snakemake):
    from ramble.problems.devices import choose_device
    from ramble.problems.stored import load_problem
    from ramble.spectra.along import write_along
    from ramble.spectra.krylov import KrylovEngine
    from ramble.spectra.spectrum import one_row

    problem = load_problem(
        **snakemake.params.problem, data=snakemake.input.data, device=choose_device(snakemake.params.device)
    )
    engine = KrylovEngine(**snakemake.params.settings, seed=snakemake.params.seed)
    write_along(
        one_row(engine),
        problem,
        snakemake.params.study,
        "spectra",
        snakemake.params.points,
        snakemake.input.paths,
        snakemake.output.tables,
        dict(snakemake.params.items(), device=str(problem.device)),
    )
