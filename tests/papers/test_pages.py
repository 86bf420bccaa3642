"""Tables and claims as pages: what they show is what the tables hold."""

import re
from pathlib import Path

import pandas as pd

from ramble.papers.pages import table_as_html, write_claims, write_page

CLAIMS = pd.DataFrame(
    {
        "claim": ["All are < 3 & positive", "... but not locally", "All are < 3 & positive"],
        "where": ["3.1, Fig. 2", "3.2", "3.2"],
        "study": ["tcm", "tcm", "mnist"],
        "measured": [1.0, float("nan"), 0.25],
        "verdict": ["reproduced", "not measured", "not reproduced"],
    }
)


def test_each_claim_has_a_page_that_is_named_after_it(tmp_path: Path) -> None:
    files = write_claims(tmp_path / "claims", CLAIMS)
    assert [file.name for file in files] == [
        "tcm - All are 3 positive (3.1 Fig. 2).html",
        "tcm - but not locally (3.2).html",
        "mnist - All are 3 positive (3.2).html",
    ]
    text = files[0].read_text()
    assert "All are &lt; 3 &amp; positive" in text
    assert '<span class="reproduced">reproduced</span>' in text
    assert "<td>1</td>" in text
    assert 'content="ramble provenance: ' in text


def test_tables_show_every_cell_and_escape_it() -> None:
    shown = table_as_html(CLAIMS)
    rows = [re.findall(r"<td>(.*?)</td>", row, re.DOTALL) for row in shown.split("<tr>")[1:]]
    assert [row[3] for row in rows if row] == ["1", "-", "0.25"]
    assert "&lt; 3 &amp;" in shown
    assert "< 3" not in shown


def test_equal_pages_have_equal_bytes(tmp_path: Path) -> None:
    for name in ("a.html", "b.html"):
        write_page(tmp_path / name, "a <title>", "<p>text</p>")
    assert (tmp_path / "a.html").read_bytes() == (tmp_path / "b.html").read_bytes()
    assert "<title>a &lt;title&gt;</title>" in (tmp_path / "a.html").read_text()
