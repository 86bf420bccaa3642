"""Arguments that name what a path between given networks is made from."""

import argparse
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ramble.problems.joined import Sources

NETWORK = "my.nets:resnet20 or nets.py:resnet20, an nn.Module or a function without arguments that returns one"
DATA = "likewise the training set: (inputs, labels), or a function without arguments that returns them"
INSTEAD = "in place of what the file names: "


def add_sources(parser: argparse.ArgumentParser) -> None:
    """Add what stands in place of what the file of such a path names."""
    parser.add_argument("--network", metavar="MODULE:NAME", help=INSTEAD + NETWORK)
    parser.add_argument("--data", metavar="MODULE:NAME", help=INSTEAD + DATA)
    parser.add_argument("--test", metavar="MODULE:NAME", help=INSTEAD + "likewise further samples")
    parser.add_argument("--a", metavar="FILE", help=INSTEAD + "the checkpoint that the path begins at")
    parser.add_argument("--b", metavar="FILE", help=INSTEAD + "the checkpoint that it leads to")


def sources_of(chosen: argparse.Namespace, device: str = "cpu") -> "Sources":
    """Return what was given in place of what the file names."""
    from ramble.problems.joined import Sources

    return Sources(chosen.network, chosen.data, chosen.test, chosen.a, chosen.b, device)
