"""The documentation says what is true: its links lead somewhere, its examples run, its pictures are small."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from checkouts import ROOT, Checkout

README, DOCS = ROOT / "README.md", ROOT / "docs"
PAGES = sorted(DOCS.rglob("*.md"))
LINK = re.compile(r"\]\((?!https?:)([^)#\s]+)")
MAKE = re.compile(r"^make(?: ([a-z.-]+))?", re.MULTILINE)


def blocks(page: Path, language: str) -> dict[str, str]:
    """Return the code blocks of a page that have a title, by it."""
    found = re.findall(rf'^```{language} title="([^"]+)"\n(.*?)^```', page.read_text(), re.MULTILINE | re.DOTALL)
    return dict(found)


def test_links_of_readme_and_contributing_lead_to_files() -> None:
    for page in (README, ROOT / "CONTRIBUTING.md"):
        missing = [link for link in LINK.findall(page.read_text()) if not (ROOT / link).exists()]
        assert not missing, page


def test_readme_stays_short_and_pictures_small() -> None:
    assert len(README.read_text().splitlines()) <= 110
    too_large = {picture.name for picture in DOCS.rglob("*.png") if picture.stat().st_size >= 150_000}
    assert not too_large


def test_page_of_the_figures_is_that_of_the_captions(tmp_path: Path) -> None:
    (tmp_path / "results").mkdir()
    (tmp_path / "pictures").symlink_to(DOCS / "pictures")
    command = [sys.executable, str(ROOT / "workflow/results_page.py"), str(tmp_path)]
    subprocess.run(command, env=os.environ | {"PYTHONPATH": str(ROOT / "src")}, check=True)
    page = (DOCS / "results/figures.md").read_text()
    assert page == (tmp_path / "results/figures.md").read_text(), "run make results-page"


def test_pages_show_every_picture_and_nearly_every_recorded_figure() -> None:
    shown = {name for page in (README, *PAGES) for name in re.findall(r"pictures/([\w-]+)\.png\)", page.read_text())}
    assert {picture.stem for picture in (DOCS / "pictures").glob("*.png")} == shown
    recorded = set(re.findall(r"path: results/figures/([\w-]+)\.png$", (ROOT / "dvc.lock").read_text(), re.MULTILINE))
    assert recorded - shown == {"fig2-paper_tuned"}  # a third Figure 2, for the report alone


def test_short_table_of_results_counts_what_the_recorded_tables_count() -> None:
    short, claims = ((DOCS / f"results/{name}.md").read_text() for name in ("index", "claims"))
    ends = re.findall(r"\d+ of \d+ ends", short)
    judged = [row for row in claims.split("## ")[0].splitlines() if row.startswith("| The ends are local minima")]
    assert ends == [found for row in judged for found in re.findall(r"\d+ of \d+ ends", row)]
    for pairs in re.findall(r"([1-9]\d* of \d+) pairs", short):
        assert f"{pairs} joined" in claims or f" of {pairs.split()[-1]}; t reached" in claims, pairs


def test_targets_of_make_that_are_named_exist() -> None:
    targets = set(re.findall(r"^([\w. -]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    known = {name for line in targets for name in line.split()}
    for page in (README, ROOT / "CONTRIBUTING.md", *PAGES):
        for block in re.findall(r"^```sh.*?\n(.*?)^```", page.read_text(), re.MULTILINE | re.DOTALL):
            named = {name for name in MAKE.findall(block) if name}
            assert named <= known, page


def test_site_is_built_without_a_warning_and_the_tutorial_runs(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "mkdocs", "build", "--strict", "--site-dir", str(tmp_path)]
    environment = os.environ | {"PYTHONPATH": str(ROOT / "src"), "OMP_NUM_THREADS": "1", "RUN_TUTORIAL": "true"}
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    tutorial = (tmp_path / "tutorial.html").read_text()
    assert tutorial.count('src="data:image/png;base64') == 3
    assert "guarded: arrived, certificate sound" in tutorial
    # mkdocs does not check the links of a notebook
    links = re.findall(r'<a\b[^>]*href="(?!https?:|#|mailto:)([^"#]+)', tutorial)
    assert not [link for link in links if not (tmp_path / link).exists()]
    fetched = [
        (page.name, address)
        for page in tmp_path.rglob("*.html")
        for address in re.findall(r'<(?:script|link|img)\b[^>]*(?:src|href)="(https?:[^"]+)"', page.read_text())
    ]
    assert not fetched  # a reader's browser asks nobody else


def test_first_taste_of_the_modules_runs() -> None:
    environment = os.environ | {"PYTHONPATH": str(ROOT / "src"), "OMP_NUM_THREADS": "1"}
    command = [sys.executable, str(DOCS / "committee.py")]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    assert done.stdout.startswith("arrived exact"), done.stderr


@pytest.mark.parametrize(
    ("page", "overlay", "study"),
    [("own-network.md", "moons.yaml", "moons"), ("own-study.md", "half.yaml", "half")],
)
def test_studies_of_the_how_tos_run_and_hold(checkout: Checkout, page: str, overlay: str, study: str) -> None:
    source = DOCS / "how-to" / page
    for name, content in (blocks(source, "python") | blocks(source, "yaml")).items():
        file = checkout.root / name
        file.parent.mkdir(exist_ok=True)
        file.write_text(content)
    commands = re.findall(r"^(?:snakemake|python -m ramble) .*$", source.read_text(), re.MULTILINE)
    assert len(commands) == 2  # make it, and check it
    for command in commands:
        own = command.replace("snakemake", "python -m snakemake --cores 2", 1).replace("python", sys.executable, 1)
        done = subprocess.run(
            ["bash", "-c", own],
            cwd=checkout.root,
            env=checkout.environment,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stdout + done.stderr
