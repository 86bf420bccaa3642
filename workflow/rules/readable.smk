# Before Snakemake reads params.yaml: it would name neither file nor line, and of a key given twice take the last.
from pathlib import Path

from snakemake.exceptions import WorkflowError

from ramble.errors import RambleError
from ramble.parameters.yaml_file import read_yaml

if Path("params.yaml").exists():  # a run may give all of it by --configfile
    try:
        read_yaml(Path("params.yaml"))
    except RambleError as error:
        raise WorkflowError(str(error))
