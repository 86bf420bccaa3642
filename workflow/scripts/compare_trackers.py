"""Compare the trackers by what their paths reached and cost."""

from ramble.store.console import step

with step(snakemake):
    from ramble.papers.ramble.comparison.pairs import read_outcomes
    from ramble.papers.ramble.comparison.table import write_comparison

    pairs = read_outcomes(snakemake.input.paths, snakemake.input.profiles, snakemake.input.solutions)
    write_comparison(
        pairs,
        snakemake.params.low_loss_factor,
        snakemake.output.csv,
        snakemake.output.json,
        snakemake.output.md,
    )
