"""Write dvc.yaml from the steps of the Snakefile."""

from ramble.store.console import step

with step(snakemake):
    import yaml

    from ramble.store.artifacts import write_whole

    text = "# Written from the Snakefile by `make dvc.yaml`; change params.yaml or workflow/rules/ instead.\n"
    text += yaml.safe_dump(snakemake.params.pipeline, sort_keys=False, width=200)
    write_whole(snakemake.output[0], lambda aside: aside.write_text(text, encoding="utf-8"))
