"""Estimate the spectral density along paths."""

from ramble.store.console import step

with step(snakemake):
    from ramble.problems.devices import choose_device
    from ramble.problems.stored import load_problem
    from ramble.spectra.along import write_along
    from ramble.spectra.density import DensityEngine

    problem = load_problem(
        **snakemake.params.problem, data=snakemake.input.data, device=choose_device(snakemake.params.device)
    )
    engine = DensityEngine(**snakemake.params.settings, seed=snakemake.params.seed)
    write_along(
        engine.rows,
        problem,
        snakemake.params.study,
        "spectral density",
        snakemake.params.points,
        snakemake.input.paths,
        snakemake.output.tables,
        dict(snakemake.params.items(), device=str(problem.device)),
    )
