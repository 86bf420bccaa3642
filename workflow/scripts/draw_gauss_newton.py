"""Draw the Hessian beside its Gauss-Newton part."""

from ramble.store.console import step

with step(snakemake):
    from ramble.studies.paths.drawing.gauss_newton import draw_gauss_newton
    from ramble.studies.paths.drawing.sources import read_sources
    from ramble.studies.paths.drawing.style import save

    sources = read_sources(snakemake.input.paths, spectra=snakemake.input.spectra, parts=snakemake.input.parts)
    save(draw_gauss_newton(sources), snakemake.output)
