"""Draw how far the solutions of the connectivity studies are joined."""

from ramble.console import step

with step(snakemake):
    from ramble.artifacts import read_table
    from ramble.figures.connectivity import Graph, draw_connectivity
    from ramble.figures.style import save

    tables = zip(snakemake.params.shown, snakemake.input.pairs, snakemake.input.components, strict=True)
    graphs = [Graph(study, read_table(pairs), read_table(components)) for study, pairs, components in tables]
    save(draw_connectivity(graphs), snakemake.output)
