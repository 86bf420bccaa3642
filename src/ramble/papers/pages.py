"""Tables and claims as pages of HTML, for people who read a report in a browser."""

import html
import re
from collections.abc import Mapping
from pathlib import Path

import pandas as pd

from ramble.store.artifacts import write_whole
from ramble.store.stamps import stamp

STYLE = """
body { font: 15px/1.5 system-ui, sans-serif; margin: 2rem; color: #1f2937; background: #ffffff; }
table { border-collapse: collapse; font-variant-numeric: tabular-nums; }
th, td { border-bottom: 1px solid #d1d5db; padding: .35rem .7rem; text-align: left; vertical-align: top; }
th { background: #f3f4f6; position: sticky; top: 0; }
.reproduced { color: #00694a; font-weight: 600; }
.not-reproduced { color: #a63c00; font-weight: 600; }
"""
NO_NAME = re.compile(r"[^\w .=()-]+")  # what no file name should hold


def write_page(path: str | Path, title: str, body: str) -> None:
    """Write a page of HTML that says where it comes from.

    Args:
        path: of the file.
        title: as text.
        body: as HTML, below the title.
    """
    text = (
        f'<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n<title>{html.escape(title)}</title>\n'
        f'<meta name="provenance" content="{html.escape(stamp())}">\n<style>{STYLE}</style>\n</head>\n<body>\n'
        f"<h1>{html.escape(title)}</h1>\n{body}\n</body>\n</html>\n"
    )
    write_whole(path, lambda aside: aside.write_text(text, encoding="utf-8"))


def table_as_html(table: pd.DataFrame) -> str:
    """Return a table as HTML; verdicts are in colour, and what is missing is a dash."""
    shown = table.map(_cell)
    shown.columns = [html.escape(str(name).replace("_", " ")) for name in table.columns]
    return str(shown.to_html(index=False, escape=False, border=0))


def write_claims(folder: str | Path, claims: pd.DataFrame) -> list[Path]:
    """Write one page for each claim into a folder; return the files, which are named after study and claim.

    Args:
        folder: is made where it is missing.
        claims: a row a claim, with at least the columns claim, study and verdict.
    """
    files = [
        Path(folder) / f"{row.study} - {_plain(row.claim)} ({_plain(row.where)}).html" for row in claims.itertuples()
    ]
    assert len(set(files)) == len(files), "two claims of one study and place have one name"
    for file, (_, row) in zip(files, claims.iterrows(), strict=True):
        rows = "".join(f"<tr><th>{html.escape(name)}</th><td>{_cell(row[name])}</td></tr>\n" for name in row.index)
        write_page(file, str(row.claim), f"<table>\n{rows}</table>")
    return files


def _plain(text: object) -> str:
    return " ".join(NO_NAME.sub("", str(text)).split()).strip(" .")


def _cell(value: object) -> str:
    if isinstance(value, float):
        return "-" if pd.isna(value) else f"{value:.4g}"
    kind: Mapping[str, str] = {"reproduced": "reproduced", "not reproduced": "not-reproduced"}
    text = html.escape(str(value))
    return f'<span class="{kind[text]}">{text}</span>' if text in kind else text
