"""Commands: `python -m ramble verify PATH...` and `python -m ramble provenance FILE...`."""

import argparse
import io
import os
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ramble.errors import RambleError, printable

CHECKOUT = Path(__file__).resolve().parents[2]  # where the workflow lies, unless the package is installed alone

if TYPE_CHECKING:
    from ramble.parameters.document import Parameters

PARAMS: dict[str, Any] = {
    "nargs": "+",
    "type": Path,
    "default": [Path("params.yaml")],
    "metavar": "YAML",
    "help": "the parameter files of the run, each laid over those before it; default: params.yaml",
}


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; return its exit code."""
    parser = argparse.ArgumentParser(prog="python -m ramble", description=__doc__)
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    verify = commands.add_parser(
        "verify",
        help="check stored paths independently of how they were made",
        description="Check that stored paths join their solutions and that every straight segment is free of errors. "
        "All that a path's header says is compared with its points, data, solutions and table, and its certificate "
        "made anew. Runs the code that the parameters name. "
        "Exit code 0: all hold; 1: some do not; 2: some cannot be judged.",
    )
    verify.add_argument("paths", nargs="+", type=Path, metavar="PATH", help="results/<study>/paths/<tracker>/<pair>")
    verify.add_argument("--params", **PARAMS)
    verify.set_defaults(run=_verify)
    provenance = commands.add_parser(
        "provenance",
        help="say where artifacts come from",
        description="Say which study, parameters, code and packages made an artifact, and whether params.yaml still "
        "has these parameters and the checkout of this package this code. Exit code 0: so it is, for all files; 1: not "
        "for some; 2: some do not say.",
    )
    provenance.add_argument("files", nargs="+", type=Path, metavar="FILE", help="a safetensors file, CSV or figure")
    provenance.add_argument("--params", **PARAMS)
    provenance.set_defaults(run=_provenance)
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


def _verify(chosen: argparse.Namespace) -> int:
    from ramble.verification.verify import verify

    def judge(file: Path, parameters: "Parameters") -> bool:
        verdict = verify(file, parameters)
        print(verdict, flush=True)
        return verdict.holds

    return _judge_all(chosen.paths, chosen.params, judge)


def _provenance(chosen: argparse.Namespace) -> int:
    from ramble.parameters.origin import read_origin

    names = " + ".join(map(str, chosen.params))

    def judge(file: Path, parameters: "Parameters") -> bool:
        origin = read_origin(file)
        if not origin.digests:
            raise RambleError(f"{file}: was made outside of the workflow and does not say with which parameters.")
        changed = ", ".join(origin.changed(parameters))
        verdict = f"DIFFERS from {names} in {changed}" if changed else f"matches {names}"
        print(f"{origin}\n  {printable(verdict)}", flush=True)
        same_code = origin.code_beside(CHECKOUT)
        if same_code is not None:
            print(f"  code {'is that of' if same_code else 'DIFFERS from that of'} {CHECKOUT}", flush=True)
        return not changed and same_code is not False

    return _judge_all(chosen.files, chosen.params, judge)


def _judge_all(files: Sequence[Path], params: Sequence[Path], judge: Callable[[Path, "Parameters"], bool]) -> int:
    """Judge every file; return 0 when all are good, 1 when some are not, 2 when some cannot be judged."""
    from ramble.parameters.document import read_parameters

    try:
        parameters = read_parameters(params)
    except RambleError as error:
        return _cannot(error)
    code = 0
    for file in files:
        try:
            code = max(code, int(not judge(file, parameters)))
        except BrokenPipeError:
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # whoever read has left: there is no verdict
            return 2
        except RambleError as error:
            code = _cannot(error)
        except Exception as error:  # of code that the parameters name, or a fault of ours: no exit code of a verdict
            reason = f"{type(error).__name__}: {error}"
            code = _cannot(f"{file}: cannot be judged ({reason}), by a fault of its study's code or of ours.")
    return code


def _cannot(error: object) -> int:
    print(f"error: {printable(str(error))}", file=sys.stderr)
    return 2


if __name__ == "__main__":
    sys.exit(main())
