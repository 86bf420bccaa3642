"""Draw Figure 4."""

from ramble.store.console import step

with step(snakemake):
    from ramble.studies.paths.drawing.top_eigenvalues import draw_top_eigenvalues
    from ramble.studies.paths.drawing.sources import read_sources
    from ramble.studies.paths.drawing.style import save

    save(draw_top_eigenvalues(read_sources(snakemake.input.paths, spectra=snakemake.input.spectra)), snakemake.output)
