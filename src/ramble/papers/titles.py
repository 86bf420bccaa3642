"""What the texts that are rebuilt are called, and whose figure a figure is."""

from importlib import import_module

# {package below ramble.papers: title}, in the order of reports
TITLES = {"ramble": "Take a Ramble into Solution Spaces"}
OWN = "Figures of your own"


def paper_of(figure: str) -> str:
    """Return the title of the text that a figure belongs to; figures that only params.yaml has belong to none."""
    for package, title in TITLES.items():
        if figure in import_module(f"ramble.papers.{package}.figures").FIGURES:
            return title
    return OWN
