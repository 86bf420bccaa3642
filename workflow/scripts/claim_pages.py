"""Write a page for each claim."""

from ramble.store.console import step

with step(snakemake):
    from ramble.papers.pages import write_claims
    from ramble.store.artifacts import read_table

    write_claims(snakemake.output.pages, read_table(snakemake.input.claims))
