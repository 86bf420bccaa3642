"""Write dvc.yaml from the steps of the Snakefile."""

from ramble.console import step

with step(snakemake.log[0], snakemake.params.threads):
    import yaml

    from ramble.artifacts import write_whole

    HEAD = "# Written from the Snakefile by `make dvc.yaml`; change params.yaml or workflow/rules/ instead.\n"
    for output, pipeline in zip(snakemake.output, snakemake.params.pipelines, strict=True):
        text = HEAD + yaml.safe_dump(pipeline, sort_keys=False, width=200)
        write_whole(output, lambda aside, text=text: aside.write_text(text, encoding="utf-8"))
