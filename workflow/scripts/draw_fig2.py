"""Draw Figure 2."""

from ramble.store.console import step

with step(snakemake):
    from ramble.studies.paths.drawing.spectrum import draw_committee_spectra
    from ramble.studies.paths.drawing.sources import read_sources
    from ramble.studies.paths.drawing.style import save

    sources = read_sources(snakemake.input.paths, snakemake.input.profiles, snakemake.input.spectra)
    save(draw_committee_spectra(sources, snakemake.params.zero), snakemake.output)
