"""The report, made without the internet and opened in a real browser: everything loads, and nothing complains."""

import re
import subprocess
import sys
import time
import zipfile
from pathlib import Path

import pytest
from browser import PROGRAM, Page, browser
from checkouts import ROOT, Checkout
from snakemake.exceptions import WorkflowError

from plumbing.report import Captions
from ramble.papers.titles import OWN, TITLES, figures_of_papers, paper_of
from ramble.store.artifacts import read_table

MOST_BYTES = 25_000_000


def open_report(page: Page, folder: Path) -> float:
    """Open a report; return the seconds until it can be read."""
    begun = time.monotonic()
    page.open(folder / "report.html")
    page.wait("document.body.innerText.includes('Statistics')")
    return time.monotonic() - begun


def look_at_all(page: Page) -> dict[str, int]:
    """Show one result after the other in the open report; return how many of each type there were."""
    seen: dict[str, int] = {}
    for path, kind in page.evaluate("Object.entries(results).map(([path, one]) => [path, one.mime_type])"):
        view = {"image/svg+xml": "img", "text/html": "html"}.get(kind)
        seen[kind] = seen.get(kind, 0) + 1
        if view is None:
            continue  # to be downloaded
        address = f"results[{path!r}].data_uri"
        page.evaluate(f"app.setView({{content: '{view}', contentPath: {address}, resultPath: {path!r}}})")
        tag = "img" if view == "img" else "iframe"
        mine = f"[...document.querySelectorAll('{tag}')].find(one => one.getAttribute('src') === {address})"
        loaded = "naturalWidth > 0" if view == "img" else "contentWindow"
        page.wait(f"Boolean({mine} && {mine}.{loaded})")
    return seen


def search(page: Page, word: str) -> str:
    """Type a word into the search; return what the menu then shows."""
    page.evaluate("void app.showReportInfo()")
    page.wait("Boolean(document.querySelector('input'))")
    page.evaluate("void document.querySelector('input').focus()")
    page.call("Input.insertText", text=word)
    for kind in ("keyDown", "keyUp"):
        page.call("Input.dispatchKeyEvent", type=kind, key="Enter", code="Enter", windowsVirtualKeyCode=13, text="\r")
    page.wait("document.body.innerText.includes('Search') || document.querySelectorAll('table tr').length > 0")
    return str(page.evaluate("document.body.innerText"))


def test_every_figure_of_a_paper_has_a_caption_and_every_caption_a_title() -> None:
    captions = Captions(ROOT / "workflow/report")
    for figure in figures_of_papers():
        assert captions.title(f"figures/{figure}", figure)
    for file in (ROOT / "workflow/report").rglob("*.rst"):
        title, line = file.read_text().splitlines()[:2]
        assert line == "=" * len(title), file


def test_missing_caption_is_said_in_one_sentence(tmp_path: Path) -> None:
    with pytest.raises(WorkflowError, match=r"has no caption; write workflow/report/figures/mine\.rst") as raised:
        Captions(tmp_path).title("figures/mine", "figures.mine")
    assert "\n" not in str(raised.value)
    (tmp_path / "empty.rst").write_text("")
    with pytest.raises(WorkflowError, match="has no first line"):
        Captions(tmp_path).title("empty", "figures.empty")


def test_figures_belong_to_the_text_that_has_them() -> None:
    assert paper_of("fig2") == TITLES["ramble"]
    assert paper_of("randomization_fig8_fig9") == TITLES["randomization"]
    assert paper_of("mine") == OWN


@pytest.mark.slow
@pytest.mark.skipif(PROGRAM is None, reason="there is no Chromium")
def test_report_is_made_offline_and_everything_in_it_loads(finished_copy: Checkout, tmp_path: Path) -> None:
    early = make_report(finished_copy, check=False)
    assert re.search(r"is not made yet, as are \d+ more files of the report; run 'snakemake -- report' first", early)
    finished_copy.run("report")
    assert "Report created" in make_report(finished_copy)
    packed = finished_copy.root / "results/report.zip"
    assert packed.stat().st_size < MOST_BYTES
    with zipfile.ZipFile(packed) as file:
        file.extractall(tmp_path / "open")
    with browser(tmp_path / "profile") as page:
        open_report(page, tmp_path / "open/report")
        assert set(page.evaluate("Object.keys(categories)")) == {TITLES["ramble"], TITLES["randomization"]}
        seen = look_at_all(page)
        made = finished_copy.root / "results"
        assert seen["image/svg+xml"] == len(list(made.glob("figures/*.svg"))) > 5
        claims = len(read_table(made / "tables/claims.csv"))
        turned = len(list(made.glob("report/interactive/*.html")))
        assert seen["text/html"] == claims + turned + 4  # and two tables of each text
        assert min(claims, turned) > 3
        captions = page.evaluate("Object.values(results).map(one => one.caption)")
        assert all(captions)
        found = search(page, "fig2-guarded")
        assert "fig2-guarded" in found
        assert "fig4" not in found
        assert not page.errors
        page.open(finished_copy.root / "results/report/interactive/fig1.html")
        page.wait("document.querySelectorAll('#figure .main-svg').length > 0")
        buttons = page.evaluate("[...document.querySelectorAll('.modebar-btn')].map(one => one.dataset.title)")
        assert "Zoom" in buttons
        assert not [button for button in buttons if "Share" in button]  # nothing is sent anywhere
        assert not page.errors
        assert not [address for address in page.asked if address.startswith("http")]
    assert finished_copy.planned("paper") == {}


def make_report(checkout: Checkout, check: bool = True) -> str:
    command = [sys.executable, "-m", "snakemake", "--configfile", "tests/small.yaml", "--report", "results/report.zip"]
    done = subprocess.run(
        command, cwd=checkout.root, env=checkout.environment, capture_output=True, text=True, check=False
    )
    assert (done.returncode == 0) is check, done.stdout + done.stderr
    return done.stdout + done.stderr
