"""Make the training sets of one study."""

from ramble.console import step

with step(snakemake):
    from ramble.contract.data import make_data

    make_data(
        **snakemake.params.maker, seed=snakemake.params.seed, name=snakemake.params.study, outputs=snakemake.output
    )
