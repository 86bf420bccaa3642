"""Draw the Hessian beside its Gauss-Newton part."""

from ramble.console import step

with step(snakemake):
    from ramble.figures.gauss_newton import draw_gauss_newton
    from ramble.figures.sources import read_sources
    from ramble.figures.style import save

    sources = read_sources(snakemake.input.paths, spectra=snakemake.input.spectra, parts=snakemake.input.parts)
    save(draw_gauss_newton(sources), snakemake.output)
