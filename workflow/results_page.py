"""Write docs/results/figures.md from the captions of the report: `python workflow/results_page.py docs`.

Shown are the figures whose pictures are in docs/pictures. With a folder of results, `.. docs RESULTS`, these pictures
are taken anew from there, small enough for a page, and the tables claims.md and trackers.md with them.
"""

import sys
from collections.abc import Iterator
from pathlib import Path

from PIL import Image

from ramble.papers.ramble.figures import FIGURES
from ramble.papers.titles import TITLES

CAPTIONS = Path(__file__).parent / "report/figures"
WIDTH, COLOURS = 1000, 64  # of a picture, in pixels; and how many colours it keeps
HEAD = """# Figures

*This page is written from the captions of the [report](../how-to/report.md) by `make results-page`, with the pictures
of recorded runs with the shipped parameters: one of the default target, and one of study cifar.*
"""
TABLE_HEAD = """---
hide: [toc]
---

{title}

*This page is `results/tables/{name}.md` as one recorded run of the default target made it, with the shipped \
parameters.*
"""


def caption(figure: str) -> tuple[str, str]:
    """Return the title of a figure and its caption, as Markdown."""
    title, _, text = (CAPTIONS / f"{figure}.rst").read_text(encoding="utf-8").partition("\n")
    return title, text.lstrip("=\n").strip().replace("``", "`")


def page(pictures: Path) -> str:
    """Return the page of the figures whose pictures are in a folder."""
    parts = [HEAD, f"## {TITLES['ramble']}\n"]
    for figure in FIGURES:
        if (pictures / f"{figure}.png").exists():
            title, text = caption(figure)
            parts.append(f"### {title}\n\n![{title}](../pictures/{figure}.png)\n\n{text}\n")
    return "\n".join(parts)


def take_over(results: Path, docs: Path) -> Iterator[str]:
    """Take pictures that docs has, and tables, anew from a folder of results; yield what was taken."""
    for figure in FIGURES:
        source, target = results / f"figures/{figure}.png", docs / f"pictures/{figure}.png"
        if source.exists() and target.exists():
            picture = Image.open(source).convert("RGB")
            height = round(picture.height * WIDTH / picture.width)
            picture.resize((WIDTH, height), Image.Resampling.LANCZOS).quantize(COLOURS).save(target, optimize=True)
            yield str(target)
    for name in ("claims", "trackers"):
        text = (results / f"tables/{name}.md").read_text(encoding="utf-8")
        title, _, rest = text.partition("\n")
        (docs / f"results/{name}.md").write_text(TABLE_HEAD.format(title=title, name=name) + rest, encoding="utf-8")
        yield str(docs / f"results/{name}.md")


if __name__ == "__main__":
    docs = Path(sys.argv[1])
    for taken in take_over(Path(sys.argv[2]), docs) if len(sys.argv) > 2 else ():
        print(taken)
    (docs / "results/figures.md").write_text(page(docs / "pictures"), encoding="utf-8")
