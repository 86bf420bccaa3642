"""`ramble verify PATH..`: a second opinion on stored paths, of the workflow and between given networks."""

import argparse
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ramble.cli.given import add_sources, sources_of
from ramble.cli.outcome import judge_all
from ramble.cli.provenance import PARAMS
from ramble.errors import RambleError

if TYPE_CHECKING:
    from ramble.parameters.document import Parameters


def add(commands: Any) -> None:
    """Add the command to the parser's commands."""
    parser = commands.add_parser(
        "verify",
        help="check stored paths independently of how they were made",
        description="Check that stored paths join their solutions and that no straight segment has more errors than "
        "permitted: none, or as many as the line of its verdict says. "
        "All that a path's header says is compared with its points, data, solutions and table, and its certificate "
        "made anew. Runs the code that the parameters name, or that the file of a path of `ramble connect` names. "
        "Exit code 0: all hold; 1: some do not; 2: some cannot be judged.",
    )
    parser.add_argument(
        "paths", nargs="+", type=Path, metavar="PATH",
        help="results/<study>/paths/<tracker>/<pair>.safetensors, or what ramble connect wrote",
    )  # fmt: skip
    parser.add_argument("--params", **PARAMS)
    add_sources(parser)
    parser.set_defaults(run=run)


def run(chosen: argparse.Namespace) -> int:
    """Print a verdict of each path."""
    from ramble.parameters.document import read_parameters
    from ramble.problems.joined import is_joined
    from ramble.verification.verify import verify, verify_joined

    @cache
    def parameters() -> "Parameters":
        return read_parameters(chosen.params)

    def of_connect(file: Path) -> bool:
        try:
            return is_joined(file)
        except RambleError:
            if all(params.exists() for params in chosen.params):
                return False  # whoever looks for a study's path says what is missing of it
            raise

    def judge(file: Path) -> bool:
        verdict = verify_joined(file, sources_of(chosen)) if of_connect(file) else verify(file, parameters())
        print(verdict, flush=True)
        return verdict.holds

    return judge_all(chosen.paths, judge)
