"""Compare the trackers by what their paths reached and cost."""

from ramble.console import step

with step(snakemake):
    from ramble.comparison.pairs import read_pairs
    from ramble.comparison.table import write_comparison

    pairs = read_pairs(snakemake.input.paths, snakemake.input.profiles, snakemake.input.solutions)
    write_comparison(
        pairs,
        snakemake.params.low_loss_factor,
        snakemake.output.csv,
        snakemake.output.json,
        snakemake.output.md,
    )
