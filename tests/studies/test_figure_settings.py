"""Pictures are the same bytes whatever the user's settings of matplotlib, home and language are."""

import hashlib
import os
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.slow  # a process for each
TESTS = Path(__file__).parent
DRAW = """
from matplotlib import pyplot as plt
assert plt.rcParams["font.size"] == {size}
import test_figures
from ramble.studies.paths.drawing.top_eigenvalues import draw_top_eigenvalues
from ramble.studies.paths.drawing.sources import Sources
from ramble.studies.paths.drawing.style import save
shown = test_figures.source(True)
save(draw_top_eigenvalues(Sources([shown], shown)), ["fig4.svg", "fig4.png", "fig4.pdf"])
assert plt.rcParams["font.size"] == {size}
"""
SETTINGS = """
font.size: 20
font.family: serif
savefig.dpi: 50
savefig.bbox: tight
savefig.transparent: True
lines.linewidth: 9
axes.facecolor: red
axes.formatter.use_locale: True
axes.formatter.useoffset: False
figure.constrained_layout.use: False
figure.autolayout: True
mathtext.fontset: stix
path.simplify: False
svg.fonttype: none
pdf.compression: 0
agg.path.chunksize: 3
interactive: True
"""


def drawn(folder: Path, first: str = "", size: float = 10.0, **changes: str | None) -> dict[str, str]:
    """Digests of the pictures that a process draws in a folder, with a changed environment."""
    environment = os.environ | {"PYTHONPATH": os.pathsep.join([str(TESTS), *sys.path])} | changes
    environment = {name: value for name, value in environment.items() if value is not None}
    command = [sys.executable, "-c", first + DRAW.format(size=size)]
    done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return {file.name: hashlib.sha256(file.read_bytes()).hexdigest() for file in folder.glob("fig4.*")}


@pytest.fixture(scope="module")
def plain(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    digests = drawn(tmp_path_factory.mktemp("plain"))
    assert len(digests) == 3
    return digests


# matplotlib is imported by our package first, as by every job: a backend that is not installed is refused at its import
OURS_FIRST = "import ramble.studies.paths.drawing\n"


@pytest.mark.parametrize("backend", ["module://no_such.backend_inline", "nonsense", "TkAgg", ""])
def test_no_backend_changes_a_picture(plain, backend, tmp_path):
    kept = f"import os\nassert os.environ['MPLBACKEND'] == {backend!r}\n"
    assert drawn(tmp_path, OURS_FIRST + kept, MPLBACKEND=backend) == plain


@pytest.mark.parametrize("place", ["folder", "variable", "home"])
def test_no_matplotlibrc_changes_a_picture(plain, place, tmp_path):
    file = tmp_path / "matplotlibrc"
    changes = {}
    if place == "variable":
        file = tmp_path / "mine"
        changes["MATPLOTLIBRC"] = str(file)
    if place == "home":
        file = tmp_path / ".config" / "matplotlib" / "matplotlibrc"
        file.parent.mkdir(parents=True)
        changes |= {"HOME": str(tmp_path), "XDG_CONFIG_HOME": None, "MPLCONFIGDIR": None}
    file.write_text(SETTINGS)
    assert drawn(tmp_path, size=20.0, **changes) == plain


@pytest.mark.parametrize(
    "changes",
    [
        {"HOME": "/dev/null", "MPLCONFIGDIR": None, "XDG_CONFIG_HOME": None, "XDG_CACHE_HOME": None},
        {"HOME": None, "MPLCONFIGDIR": "/dev/null/none"},
        {"LC_ALL": "C", "LANG": "de_DE.UTF-8", "TZ": "Asia/Tokyo", "SOURCE_DATE_EPOCH": "1", "PYTHONHASHSEED": "7"},
    ],
    ids=["home", "folder of settings", "language and time"],
)
def test_no_home_or_language_changes_a_picture(plain, changes, tmp_path):
    assert drawn(tmp_path, **changes) == plain
