"""Commands: `python -m ramble verify PATH...`."""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from ramble.errors import RambleError


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; return its exit code."""
    parser = argparse.ArgumentParser(prog="python -m ramble", description=__doc__)
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    verify = commands.add_parser(
        "verify",
        help="check stored paths independently of how they were made",
        description="Check that stored paths join their solutions and that every straight segment is free of errors. "
        "Exit code 0: all hold; 1: some do not; 2: some cannot be judged.",
    )
    verify.add_argument("paths", nargs="+", type=Path, metavar="PATH", help="results/<study>/paths/<tracker>/<pair>")
    verify.add_argument("--params", type=Path, default=Path("params.yaml"), help="default: params.yaml")
    verify.set_defaults(run=_verify)
    chosen = parser.parse_args(arguments)
    code: int = chosen.run(chosen)
    return code


def _verify(chosen: argparse.Namespace) -> int:
    from ramble.verification.artifact import read_parameters
    from ramble.verification.verify import verify

    try:
        parameters = read_parameters(chosen.params)
    except RambleError as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    code = 0
    for file in chosen.paths:
        try:
            verdict = verify(file, parameters)
            print(verdict, flush=True)
            code = max(code, int(verdict.problem is not None))
        except RambleError as error:
            print(f"error: {error}", file=sys.stderr)
            code = 2
    return code


if __name__ == "__main__":
    sys.exit(main())
