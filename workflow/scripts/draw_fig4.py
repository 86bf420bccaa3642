"""Draw Figure 4."""

from ramble.console import step

with step(snakemake):
    from ramble.figures.fig4 import draw_top_eigenvalues
    from ramble.figures.sources import read_sources
    from ramble.figures.style import save

    save(draw_top_eigenvalues(read_sources(snakemake.input.paths, spectra=snakemake.input.spectra)), snakemake.output)
