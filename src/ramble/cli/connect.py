"""`ramble connect a.pt b.pt --network .. --data ..`: a certified path between two checkpoints."""

import argparse
import sys
from pathlib import Path
from typing import Any

from ramble.cli.given import DATA, NETWORK
from ramble.cli.outcome import done_or_refused, show_messages


def add(commands: Any) -> None:
    """Add the command to the parser's commands."""
    parser = commands.add_parser(
        "connect",
        help="join two trained networks by a path without errors",
        description="Join two trained networks by a path of weights on which no training sample is classified "
        "wrongly, and certify it. Runs the code that --network and --data name. Interrupt it, and the same command "
        "goes on. Exit code 0: joined; 1: not joined; 2: something does not fit.",
    )
    parser.add_argument("a", help="checkpoint that the path begins at: .pt, .pth or .safetensors")
    parser.add_argument("b", help="checkpoint that it leads to")
    parser.add_argument("--network", required=True, metavar="MODULE:NAME", help=NETWORK)
    parser.add_argument("--data", required=True, metavar="MODULE:NAME", help=DATA)
    parser.add_argument("--test", metavar="MODULE:NAME", help="likewise further samples, for the profile alone")
    parser.add_argument(
        "--max-errors", type=_errors, default=0, metavar="K", help="permitted on the path: a number, or a share below 1"
    )
    parser.add_argument(
        "--batch-norm", choices=("fold", "reestimate"),
        help="where there is batch norm: its statistics become weights, or follow them; default: reestimate",
    )  # fmt: skip
    parser.add_argument(
        "--keep-order", action="store_true",
        help="end at the weights of b, and not at these with hidden units in another order",
    )  # fmt: skip
    parser.add_argument("--out", type=_folder, metavar="DIR", help="folder to write to; default: ramble-<a>-<b>")
    parser.add_argument("--device", default="auto", help="auto (CUDA where there is one), cpu, cuda or cuda:N")
    parser.add_argument("--seed", type=int, default=0, help="of all that is drawn; default: 0")
    parser.add_argument(
        "--attempts", type=int, metavar="N", help="of the tracker, each as long as all before together; default: 4"
    )
    parser.add_argument(
        "--seconds", type=float, metavar="S",
        help="of wall time, after which the tracker stops at the end of its round; the same command goes on",
    )  # fmt: skip
    parser.set_defaults(run=run)


def run(chosen: argparse.Namespace) -> int:
    """Join the networks; print what was found, and where it is written."""
    show_messages()
    out = chosen.out or Path(f"ramble-{Path(chosen.a).stem}-{Path(chosen.b).stem}")

    def work() -> int:
        from ramble.api.connect import connect

        connection = connect(
            chosen.network,
            chosen.data,
            chosen.a,
            chosen.b,
            test=chosen.test,
            max_errors=chosen.max_errors,
            batch_norm=chosen.batch_norm,
            out=out,
            keep_order=chosen.keep_order,
            device=chosen.device,
            seed=chosen.seed,
            attempts=chosen.attempts,
            seconds=chosen.seconds,
        )
        print(connection)
        print(f"{'written':16}{out}/path.safetensors, path.csv, profile.csv, path.svg, path.png", flush=True)
        return 0 if connection.joins else 1

    try:
        return done_or_refused(work, "ramble connect")
    except KeyboardInterrupt:
        print("interrupted; the same command goes on from here", file=sys.stderr)
        return 130


def _folder(text: str) -> Path:
    if not text:
        raise argparse.ArgumentTypeError("names no folder; write . for the one that you are in")
    return Path(text)


def _errors(text: str) -> float:
    """Return a number of errors, or a share: a number with a point."""
    try:
        return float(text) if "." in text or "e" in text else int(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"'{text}' is neither a whole number nor a share below 1") from None
