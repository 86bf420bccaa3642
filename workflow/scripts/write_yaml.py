"""Write what the Snakefile says of its steps: dvc.yaml, or the digests of their code."""

from ramble.store.console import step

with step(snakemake):
    import yaml

    from ramble.store.artifacts import write_whole

    class Dumper(yaml.SafeDumper):
        """Writes files and keys one after the other, and outputs one a line."""

        def represent_sequence(self, tag, sequence, flow_style=None):
            """Represent a list."""
            return super().represent_sequence(tag, sequence, isinstance(sequence[-1], str))

        def represent_mapping(self, tag, mapping, flow_style=None):
            """Represent a mapping."""
            return super().represent_mapping(tag, mapping, all("/" in key for key in mapping) or "persist" in mapping)

    text = "# Written from the Snakefile by `make dvc.yaml`; change params.yaml or workflow/rules/ instead.\n"
    text += yaml.dump(snakemake.params.content, Dumper=Dumper, sort_keys=False, width=120)
    write_whole(snakemake.output[0], lambda aside: aside.write_text(text, encoding="utf-8"))
