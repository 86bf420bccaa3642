"""Draw how far the solutions of the connectivity studies are joined."""

from ramble.store.console import step

with step(snakemake):
    from ramble.store.artifacts import read_table
    from ramble.studies.connectivity.drawing import Graph, draw_connectivity
    from ramble.studies.paths.drawing.style import save

    tables = zip(snakemake.params.shown, snakemake.input.pairs, snakemake.input.components, strict=True)
    graphs = [Graph(study, read_table(pairs), read_table(components)) for study, pairs, components in tables]
    save(draw_connectivity(graphs), snakemake.output)
