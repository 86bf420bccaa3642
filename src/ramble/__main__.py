"""Commands: `python -m ramble verify PATH...` and `python -m ramble provenance FILE...`."""

import argparse
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from ramble.errors import RambleError

if TYPE_CHECKING:
    from ramble.parameters.document import Parameters


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
    provenance = commands.add_parser(
        "provenance",
        help="say where artifacts come from",
        description="Say which study, parameters, code and packages made an artifact, and whether params.yaml still "
        "has these parameters. Exit code 0: it has, for all files; 1: not for some; 2: some do not say.",
    )
    provenance.add_argument("files", nargs="+", type=Path, metavar="FILE", help="a safetensors file, CSV or figure")
    provenance.add_argument("--params", type=Path, default=Path("params.yaml"), help="default: params.yaml")
    provenance.set_defaults(run=_provenance)
    chosen = parser.parse_args(arguments)
    code: int = chosen.run(chosen)
    return code


def _verify(chosen: argparse.Namespace) -> int:
    from ramble.verification.verify import verify

    def judge(file: Path, parameters: "Parameters") -> bool:
        verdict = verify(file, parameters)
        print(verdict, flush=True)
        return verdict.problem is None

    return _judge_all(chosen.paths, chosen.params, judge)


def _provenance(chosen: argparse.Namespace) -> int:
    from ramble.origin import read_origin

    def judge(file: Path, parameters: "Parameters") -> bool:
        origin = read_origin(file)
        if not origin.digests:
            raise RambleError(f"{file}: was made outside of the workflow and does not say with which parameters.")
        changed = ", ".join(origin.changed(parameters))
        print(f"{origin}\n  {f'DIFFERS from {chosen.params} in {changed}' if changed else f'matches {chosen.params}'}")
        return not changed

    return _judge_all(chosen.files, chosen.params, judge)


def _judge_all(files: Sequence[Path], params: Path, judge: Callable[[Path, "Parameters"], bool]) -> int:
    """Judge every file; return 0 when all are good, 1 when some are not, 2 when some cannot be judged."""
    from ramble.parameters.document import read_parameters

    try:
        parameters = read_parameters([params])
    except RambleError as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    code = 0
    for file in files:
        try:
            code = max(code, int(not judge(file, parameters)))
        except RambleError as error:
            print(f"error: {error}", file=sys.stderr)
            code = 2
    return code


if __name__ == "__main__":
    sys.exit(main())
