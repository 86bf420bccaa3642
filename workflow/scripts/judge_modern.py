"""Judge the claims on a network of today by what was measured on one study."""

from ramble.store.console import step

with step(snakemake) as given:
    from ramble.papers.ramble.claims.modern import judge_modern, read_modern, write_modern

    files, study = snakemake.input, snakemake.params.study
    pairs = read_modern(files.paths, files.profiles, files.line_paths, files.lines, files.spectra)
    write_modern(study, judge_modern(study, pairs, given.claims), snakemake.output.csv, snakemake.output.md)
