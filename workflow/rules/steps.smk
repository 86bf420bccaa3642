# The default target's jobs as steps: targets of snakemake, and stages of dvc.yaml with digests of the code they watch.
import sys
from pathlib import Path

from snakemake.output_index import OutputIndex

from plumbing.pipeline import CODE, code_digests, pipeline
from plumbing.steps import Steps

ARTIFACTS = OutputIndex(workflow.rules)
DEFAULT = [str(file) for file in rules.paper.input]
STEPS = Steps(ARTIFACTS, named, PARAMETERS.studies, config, CONFIG_FILES, DEFAULT)


# which words are steps is told by their first part alone
FIRST = tuple(f"{study}_" for study in PARAMETERS.studies)
WORDS = {word for word in sys.argv[1:] if word.startswith(FIRST) and word.replace("-", "_").isidentifier()}
for word in WORDS - {made.name for made in workflow.rules}:

    rule:
        name:
            word
        input:
            lambda wildcards, word=word: STEPS.by_name[word].files,


rule code:
    output:
        CODE,
    log:
        "logs/code.log",
    params:
        content=lambda wildcards: code_digests(STEPS.by_name),
    script:
        "../scripts/write_yaml.py"


rule dvc_yaml:
    output:
        "dvc.yaml",
    log:
        "logs/dvc.log",
    params:
        content=lambda wildcards: pipeline(
            STEPS,
            Path(workflow.basedir),
            [file for file in DEFAULT if file.endswith(".svg")],
            {study: PATH_STUDIES[study].pair_names[0] for study in PATHS},
        ),
    script:
        "../scripts/write_yaml.py"
