"""Draw a figure that can be turned and zoomed."""

from ramble.store.console import step

with step(snakemake) as given:
    from ramble.studies.paths.interactive.page import write_figure
    from ramble.studies.paths.interactive.plane import draw
    from ramble.studies.paths.interactive.spectra import draw_spectrum, draw_top_eigenvalues

    by_kind = {"plane": draw, "spectrum": draw_spectrum, "top_eigenvalues": draw_top_eigenvalues}
    files = {kind: [files] if isinstance(files, str) else files for kind, files in snakemake.input.items()}
    figure = by_kind[snakemake.params.kind](files, **vars(given))
    write_figure(snakemake.output.page, snakemake.wildcards.figure, figure)
