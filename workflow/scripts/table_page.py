"""Write a table as a page."""

from ramble.store.console import step

with step(snakemake):
    from ramble.papers.pages import table_as_html, write_page
    from ramble.store.artifacts import read_table

    write_page(snakemake.output.page, snakemake.params.title, table_as_html(read_table(snakemake.input.table)))
