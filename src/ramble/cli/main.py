"""Commands: ramble connect, profile, spectrum, verify, provenance (also as `python -m ramble`)."""

import argparse
import io
import sys
from collections.abc import Sequence

from ramble.cli import connect, measure, provenance, verify
from ramble.version import VERSION


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; return its exit code."""
    parser = argparse.ArgumentParser(
        prog="ramble", description="Paths between trained networks that make no error, and proofs of it."
    )
    parser.add_argument("--version", action="version", version=f"ramble {VERSION}")
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    for add in (connect.add, measure.add_profile, measure.add_spectrum, verify.add, provenance.add):
        add(commands)
    chosen = parser.parse_args(arguments)
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):  # a name that the terminal's encoding lacks is no reason to fail
            stream.reconfigure(errors="backslashreplace")
    try:
        code: int = chosen.run(chosen)
    except KeyboardInterrupt:
        print("interrupted", file=sys.stderr)
        return 130
    return code
