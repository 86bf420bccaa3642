"""Draw the whole spectrum."""

from ramble.console import step

with step(snakemake):
    from ramble.figures.density import draw_density
    from ramble.figures.sources import read_sources
    from ramble.figures.style import save

    sources = read_sources(snakemake.input.paths, spectra=snakemake.input.spectra, parts=snakemake.input.parts)
    save(draw_density(sources), snakemake.output)
