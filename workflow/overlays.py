"""Refuse files of `--configfile` that cannot be read, before Snakemake's command line reads them.

It would name neither the file nor the line, wait for a pipe and write out every alias. The default profile runs this,
and Snakemake reads the profile first. The rules read the files themselves, with the same reader.
"""

import sys
from collections.abc import Sequence
from pathlib import Path

OPTIONS = ("--configfile", "--configfiles")


def laid_over(arguments: Sequence[str]) -> list[Path]:
    """Return the files that a command line of Snakemake names behind `--configfile`."""
    files: list[Path] = []
    taking = False
    for argument in arguments:
        option, equals, value = argument.partition("=")
        if argument.startswith("-"):
            taking = option in OPTIONS
            files += [Path(value)] if taking and equals else []
        elif taking:
            files.append(Path(argument))
    return files


def refuse_unreadable(files: Sequence[Path], source: str) -> None:
    """End the process with a sentence where a file is none that the package in the folder `source` can read."""
    sys.path.insert(0, source)
    from ramble.errors import RambleError
    from ramble.parameters.yaml_file import read_yaml

    try:
        for file in files:
            read_yaml(file)
    except RambleError as error:
        sys.exit(f"error: {error}")
    finally:
        sys.path.remove(source)


if __name__ == "__main__":
    named = laid_over(sys.argv[1:])
    if named:  # of another start nothing is imported here
        refuse_unreadable(named, str(Path(__file__).resolve().parents[1] / "src"))
