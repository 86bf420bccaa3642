"""Compare the Hessian with its Gauss-Newton part along paths."""

from ramble.store.console import step

with step(snakemake):
    from ramble.problems.devices import choose_device
    from ramble.problems.stored import load_problem
    from ramble.spectra.along import write_along
    from ramble.spectra.gauss_newton import GaussNewtonEngine

    problem = load_problem(
        **snakemake.params.problem, data=snakemake.input.data, device=choose_device(snakemake.params.device)
    )
    engine = GaussNewtonEngine(**snakemake.params.settings, seed=snakemake.params.seed)
    write_along(
        engine.rows,
        problem,
        snakemake.params.study,
        "Gauss-Newton part",
        snakemake.params.points,
        snakemake.input.paths,
        snakemake.output.tables,
        dict(snakemake.params.items(), device=str(problem.device)),
    )
