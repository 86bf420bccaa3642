"""Draw a figure."""

from ramble.store.console import step

with step(snakemake) as given:
    from importlib import import_module

    from ramble.studies.paths.drawing.style import save

    module, _, name = snakemake.params.draw.rpartition(".")
    draw = getattr(import_module(module), name)
    files = {kind: [files] if isinstance(files, str) else files for kind, files in snakemake.input.items()}
    save(draw(files, **vars(given)), snakemake.output)
