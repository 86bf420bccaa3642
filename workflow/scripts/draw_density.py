"""Draw the whole spectrum."""

from ramble.store.console import step

with step(snakemake):
    from ramble.studies.paths.drawing.density import draw_density
    from ramble.studies.paths.drawing.sources import read_sources
    from ramble.studies.paths.drawing.style import save

    sources = read_sources(snakemake.input.paths, spectra=snakemake.input.spectra, parts=snakemake.input.parts)
    save(draw_density(sources), snakemake.output)
