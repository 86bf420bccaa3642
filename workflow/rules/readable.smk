# The parameters: params.yaml, files laid over it by --configfile, and values by --config. Snakemake's own reader, behind
# `configfile:`, would name neither file nor line, take the last of two equal keys, and 1e-05 for a text.
import os
from pathlib import Path

from snakemake.exceptions import WorkflowError

from ramble.errors import RambleError
from ramble.parameters.yaml_file import (
    laid_over,
    name_of,
    read_merged,
    read_settings,
)

LAID_OVER = [Path(os.path.relpath(file)) for file in workflow.overwrite_configfiles]
SETTINGS = workflow.config_settings
# a run may give all of it by --configfile
GIVEN = [
    file
    for file in [Path("params.yaml")]
    if os.path.lexists(file) or not SETTINGS.overwrite_config
]
if SETTINGS.replace_workflow_config and SETTINGS.overwrite_config:
    GIVEN = []

try:
    read = laid_over(
        read_merged([*GIVEN, *LAID_OVER]),
        read_settings(map(str, SETTINGS.config_args or [])),
    )
except RambleError as error:
    raise WorkflowError(str(error))

config.clear()
config.update(read)
# what messages call them
CONFIG_FILES = name_of([*GIVEN, *LAID_OVER]) + " + --config" * bool(SETTINGS.config)
# for reports, which show them
workflow.configfiles[:0] = map(str, GIVEN)
