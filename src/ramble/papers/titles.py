"""What the texts that are rebuilt are called, and which figures are theirs."""

from importlib import import_module
from typing import Any

# {package below ramble.papers: title}, in the order of reports
TITLES = {
    "ramble": "Take a Ramble into Solution Spaces",
    "randomization": "Randomization in Machine Learning",
}
OWN = "Figures of your own"


def figures_of_papers() -> dict[str, dict[str, Any]]:
    """Return the figures of all texts, by name."""
    return {name: figure for package in TITLES for name, figure in _figures_of(package).items()}


def paper_of(figure: str) -> str:
    """Return the title of the text that a figure belongs to; figures that only params.yaml has belong to none."""
    for package, title in TITLES.items():
        if figure in _figures_of(package):
            return title
    return OWN


def _figures_of(package: str) -> dict[str, dict[str, Any]]:
    figures: dict[str, dict[str, Any]] = import_module(f"ramble.papers.{package}.figures").FIGURES
    return figures
