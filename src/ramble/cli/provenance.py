"""`ramble provenance FILE..`: where artifacts of the workflow come from."""

import argparse
from pathlib import Path
from typing import Any

from ramble.cli.outcome import cannot, judge_all
from ramble.errors import RambleError, printable

# where the workflow lies, unless the package is installed alone
CHECKOUT = Path(__file__).resolve().parents[3]
PARAMS: dict[str, Any] = {
    "nargs": "+",
    "type": Path,
    "default": [Path("params.yaml")],
    "metavar": "YAML",
    "help": "the parameter files of the run, each laid over those before it; default: params.yaml",
}


def add(commands: Any) -> None:
    """Add the command to the parser's commands."""
    parser = commands.add_parser(
        "provenance",
        help="say where artifacts come from",
        description="Say which study, parameters, code and packages made an artifact, and whether params.yaml still "
        "has these parameters and the checkout of this package this code. Exit code 0: so it is, for all files; 1: not "
        "for some; 2: some do not say.",
    )
    parser.add_argument("files", nargs="+", type=Path, metavar="FILE", help="a safetensors file, CSV or figure")
    parser.add_argument("--params", **PARAMS)
    parser.set_defaults(run=run)


def run(chosen: argparse.Namespace) -> int:
    """Say of each file where it comes from."""
    from ramble.parameters.document import read_parameters
    from ramble.parameters.origin import read_origin

    try:
        parameters = read_parameters(chosen.params)
    except RambleError as error:
        return cannot(error)
    names = " + ".join(map(str, chosen.params))

    def judge(file: Path) -> bool:
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

    return judge_all(chosen.files, judge)
