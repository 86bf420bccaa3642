"""Measure Hessian spectra along paths with the engine `exact`."""

from ramble.store.console import step

with step(snakemake):
    from ramble.problems.devices import choose_device
    from ramble.problems.stored import load_problem
    from ramble.spectra.along import write_along
    from ramble.spectra.exact import ExactEngine
    from ramble.spectra.spectrum import one_row

    problem = load_problem(
        **snakemake.params.problem, data=snakemake.input.data, device=choose_device(snakemake.params.device)
    )
    engine = ExactEngine(**snakemake.params.settings)
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
