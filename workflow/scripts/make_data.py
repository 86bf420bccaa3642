"""Make the training sets of one study."""

from ramble.store.console import step

with step(snakemake):
    from ramble.problems.data import make_data

    make_data(
        **snakemake.params.maker, seed=snakemake.params.seed, name=snakemake.params.study, outputs=snakemake.output
    )
