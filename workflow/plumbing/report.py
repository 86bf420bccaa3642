"""What a report shows: figures, tables and claims, each with the file of its caption and its place in the menu.

A caption is a file of reStructuredText below workflow/report, whose first line is a title. The page of the figures in
docs/results is written from the same files.
"""

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from snakemake.exceptions import WorkflowError
from snakemake.io import report

CLAIMS = "results/report/claims"  # a page for each claim
CLAIM_FILES = "{study} - {claim}.html"


class Captions:
    """The captions in a folder.

    Args:
        folder: workflow/report of a checkout.
    """

    def __init__(self, folder: str | Path) -> None:
        self.folder = Path(folder).resolve()

    def file(self, name: str, what: str) -> str:
        """Return the file of a caption; raises WorkflowError with one sentence where there is none.

        Args:
            name: of the caption, such as figures/fig1.
            what: the caption is of, for the sentence.
        """
        path = self.folder / f"{name}.rst"
        if not path.is_file():
            raise WorkflowError(
                f"{what}: has no caption; write workflow/report/{name}.rst, its first line being a title"
            )
        return str(path)

    def title(self, name: str, what: str) -> str:
        """Return the first line of a caption; raises as `file` does, and where it has no line."""
        lines = Path(self.file(name, what)).read_text(encoding="utf-8").splitlines()
        if not lines or not lines[0].strip():
            raise WorkflowError(f"{what}: the caption workflow/report/{name}.rst has no first line; give it a title")
        return lines[0].strip()


def shown_figures(
    captions: Captions, figures: Iterable[str], parameters: Any, papers: Any, interactive: Iterable[str]
) -> Iterator[Any]:
    """Yield the pictures of some figures, and pages of those that can be turned, as Snakemake's report takes them."""
    can_turn = set(interactive)
    for name in figures:
        what, figure = f"figures.{name}", parameters.figures[name]
        title = captions.title(f"figures/{name}", what)
        place = {"category": papers(name), "subcategory": "Figures"}
        labels = {"figure": name, "shows": title, "study": figure.of_study or "several"}
        caption = captions.file(f"figures/{name}", what)
        yield report(f"results/figures/{name}.svg", caption=caption, labels=labels | {"kind": "picture"}, **place)
        if name in can_turn:
            caption = captions.file("interactive", "interactive figures")
            page = f"results/report/interactive/{name}.html"
            yield report(page, caption=caption, labels=labels | {"kind": "to turn and zoom"}, **place)


def shown_tables(captions: Captions, tables: Iterable[str], paper: str) -> Iterator[Any]:
    """Yield the pages of some tables, and the tables themselves, as Snakemake's report takes them."""
    for name in tables:
        kind = name if (captions.folder / f"tables/{name}.rst").is_file() else _kind(name)
        what = f"the table {name}"
        labels = {"table": name, "shows": captions.title(f"tables/{kind}", what)}
        caption = captions.file(f"tables/{kind}", what)
        for file, form in ((f"results/report/tables/{name}.html", "page"), (f"results/tables/{name}.csv", "csv")):
            place = {"category": paper, "subcategory": "Tables"}
            yield report(file, caption=caption, labels=labels | {"form": form}, **place)


def shown_claims(captions: Captions, paper: str) -> Any:
    """Return the folder with a page for each claim, as Snakemake's report takes it."""
    return report(
        CLAIMS,
        patterns=[CLAIM_FILES],
        caption=captions.file("claim", "a claim"),
        category=paper,
        subcategory="Claims",
        labels={"study": "{study}", "claim": "{claim}"},
    )


def _kind(table: str) -> str:
    """Return which tables a table is one of: claims-mnist is of claims-of-study, boosting-mnist of boosting."""
    kind = table.partition("-")[0]
    return "claims-of-study" if kind == "claims" else kind


def refuse_unmade(files: Iterable[Any]) -> None:
    """Raise WorkflowError where a report is asked for before what it shows was made."""
    missing = [str(file) for file in files if not Path(file).exists()]
    if missing:
        raise WorkflowError(
            f"{missing[0]}: is not made yet, as are {len(missing) - 1} more files of the report; run "
            "'snakemake -- report' first"
        )
