"""Draw Figure 2."""

from ramble.store.console import step

with step(snakemake):
    from ramble.studies.paths.figures.fig2 import draw_committee_spectra
    from ramble.studies.paths.figures.sources import read_sources
    from ramble.studies.paths.figures.style import save

    sources = read_sources(snakemake.input.paths, snakemake.input.profiles, snakemake.input.spectra)
    save(draw_committee_spectra(sources, snakemake.params.zero), snakemake.output)
