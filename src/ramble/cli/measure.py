"""`ramble profile PATH` and `ramble spectrum PATH`: what is measured along a path between given networks."""

import argparse
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ramble.cli.given import add_sources, sources_of
from ramble.cli.outcome import done_or_refused, show_messages

if TYPE_CHECKING:
    import pandas as pd


def add_profile(commands: Any) -> None:
    """Add `profile` to the parser's commands."""
    parser = commands.add_parser(
        "profile",
        help="losses, errors and margins along a path of ramble connect",
        description="Evaluate every stored point of a path on all samples, and write a row for each.",
    )
    _add_path(parser, "profile.csv")
    parser.set_defaults(run=_profile)


def add_spectrum(commands: Any) -> None:
    """Add `spectrum` to the parser's commands."""
    parser = commands.add_parser(
        "spectrum",
        help="largest Hessian eigenvalues along a path of ramble connect",
        description="Find the largest eigenvalues of the Hessian of the training loss at points of a path, with error "
        "bars, and write a row for each point.",
    )
    _add_path(parser, "spectrum.csv")
    parser.add_argument("--top", type=int, default=20, help="number of eigenvalues; default: 20")
    parser.add_argument("--points", type=int, default=5, help="evenly spread along the path, at most; default: 5")
    parser.add_argument("--seed", type=int, default=0, help="of the random vectors; default: 0")
    parser.set_defaults(run=_spectrum)


def _add_path(parser: argparse.ArgumentParser, table: str) -> None:
    parser.add_argument("path", type=Path, metavar="PATH", help="path.safetensors, as ramble connect wrote it")
    parser.add_argument("--out", type=Path, metavar="CSV", help=f"table to write; default: {table} beside the path")
    parser.add_argument("--device", default="auto", help="auto (CUDA where there is one), cpu, cuda or cuda:N")
    add_sources(parser)


def _profile(chosen: argparse.Namespace) -> int:
    def work() -> int:
        from ramble.api.measure import profile

        return _written(chosen, "profile.csv", profile(chosen.path, sources=sources_of(chosen, chosen.device)))

    show_messages()
    return done_or_refused(work, "ramble profile")


def _spectrum(chosen: argparse.Namespace) -> int:
    def work() -> int:
        from ramble.api.measure import spectrum

        found = spectrum(
            chosen.path,
            top=chosen.top,
            count=chosen.points,
            seed=chosen.seed,
            sources=sources_of(chosen, chosen.device),
        )
        return _written(chosen, "spectrum.csv", found)

    show_messages()
    return done_or_refused(work, "ramble spectrum")


def _written(chosen: argparse.Namespace, name: str, table: "pd.DataFrame") -> int:
    """Print a table and write it."""
    from ramble.store.artifacts import write_table

    out = chosen.out or chosen.path.with_name(name)
    write_table(out, table)
    hidden = ("residual_", "error_", "most_negative_")
    shown = [name for name in table if not str(name).startswith(hidden) and not str(name).endswith("_digest")]
    print(table[shown].to_string(index=False, float_format="{:.5g}".format))
    print(f"written: {out}", flush=True)
    return 0
