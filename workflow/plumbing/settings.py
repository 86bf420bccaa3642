"""The parameters: params.yaml, files laid over it by --configfile, and values by --config.

Snakemake's own reader, behind `configfile:`, would name neither file nor line, take the last of two equal keys, and
1e-05 for a text.
"""

import os
from pathlib import Path
from typing import Any

from snakemake.exceptions import WorkflowError
from snakemake.logging import logger

from ramble.errors import RambleError
from ramble.parameters.document import Parameters, validate
from ramble.parameters.yaml_file import laid_over, name_of, read_merged, read_settings
from ramble.studies.paths.study import PathStudy

MANY_FILES = 10_000  # the shipped studies come to some hundreds; 30,000 take a minute, in which snakemake is silent


def read_parameters(workflow: Any, config: dict[str, Any]) -> tuple[Parameters, str]:
    """Fill Snakemake's `config` with what a run gives; return the checked parameters, and what messages call the files.

    Raises WorkflowError with one sentence where a file or a value is wrong.
    """
    settings = workflow.config_settings
    over = [Path(os.path.relpath(file)) for file in workflow.overwrite_configfiles]
    # a run may give all of it by --configfile
    own = [file for file in [Path("params.yaml")] if os.path.lexists(file) or not settings.overwrite_config]
    if settings.replace_workflow_config and settings.overwrite_config:
        own = []
    source = name_of([*own, *over]) + " + --config" * bool(settings.config)
    try:
        read = laid_over(read_merged([*own, *over]), read_settings(map(str, settings.config_args or [])))
        parameters = validate(read, source)
    except RambleError as error:
        raise WorkflowError(str(error)) from error
    config.clear()
    config.update(read)
    workflow.configfiles[:0] = map(str, own)  # for reports, which show them
    files = sum(study.file_count for study in parameters.studies.values() if isinstance(study, PathStudy))
    if files > MANY_FILES:
        logger.warning(f"{source}: about {files} files to plan, which takes a while.")
    return parameters, source
