"""Make the training sets of one study."""

from ramble.store.console import step

with step(snakemake) as given:
    from ramble.problems.data import make_data

    arguments = dict(given.data.arguments)
    if snakemake.params.patterns is not None:
        arguments["patterns"] = snakemake.params.patterns
    make_data(given.data.path, arguments, given.seed, snakemake.params.study, snakemake.output)
