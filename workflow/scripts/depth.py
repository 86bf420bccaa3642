"""Measure values and gradients by layer."""

from ramble.store.console import step

with step(snakemake) as given:
    from ramble.store.artifacts import write_table
    from ramble.studies.depth.measuring import measure_layers, measure_products

    study = snakemake.params.study
    write_table(snakemake.output.products, measure_products(given.seed, study, given.study))
    write_table(snakemake.output.layers, measure_layers(given.seed, study, given.study))
