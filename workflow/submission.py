"""What the profile for Slurm finds out before anything is submitted: can that work, and how are jobs asked after?

Without it, Snakemake would say that `slurm` is no choice, or end with a traceback; and it would wait without an end for
jobs of a cluster that keeps no accounts.
"""

import importlib.util
import shutil
import subprocess
import sys
from collections.abc import Sequence

PLUGIN = "snakemake_executor_plugin_slurm"


def missing(arguments: Sequence[str]) -> str | None:
    """Return a sentence on what is missing for a command line of Snakemake, if anything."""
    if importlib.util.find_spec(PLUGIN) is None:
        return (
            "Snakemake's plugin for Slurm is not installed beside this Python; install it with "
            "'pip install -c requirements.lock -e .[slurm]'"
        )
    dry = {"-n", "--dry-run", "--dryrun"}.intersection(arguments)
    if not dry and shutil.which("sbatch") is None:
        return (
            "there is no Slurm on this machine: its command 'sbatch' was not found; run this on a login node of your "
            "cluster, or leave out --profile to compute here"
        )
    return None


def keeps_accounts() -> bool:
    """Whether the cluster has a data base of accounts and past jobs, which `sacct` reads."""
    try:
        said = subprocess.run(["scontrol", "show", "config"], capture_output=True, text=True, timeout=60, check=True)
    except (OSError, subprocess.SubprocessError):
        return False
    kinds = [
        line.split("=")[1].strip() for line in said.stdout.splitlines() if line.startswith("AccountingStorageType")
    ]
    return any(kind not in ("", "(null)", "none", "accounting_storage/none") for kind in kinds)


if said := missing(sys.argv[1:]):
    sys.exit(f"error: {said}")
ACCOUNTS = keeps_accounts()
