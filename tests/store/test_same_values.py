"""The comparison of two folders of results: blind to where files come from, and to nothing else."""

import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from checkouts import ROOT
from matplotlib import pyplot as plt
from small_points import stored_path

from ramble.store import stamps
from ramble.store.artifacts import table_digest, write_metrics, write_table
from ramble.store.points import write_points
from ramble.studies.paths.drawing.style import save


def results(folder: Path, **changes: object) -> Path:
    """One file of every kind; a change is one number, 1 unless said."""
    numbers = dict.fromkeys(("tensor", "header", "table", "json", "picture"), 1.0) | changes
    write_table(folder / "a.csv", pd.DataFrame({"x": [0.5, numbers["table"]]}))
    digest = table_digest(folder / "a.csv")
    path = stored_path(np.array([[1.0], [numbers["tensor"]]]), steps_digest=digest, min_margin=numbers["header"])
    write_points(folder / "0-0-1.safetensors", path)
    write_metrics(folder / "a.json", {"tcm": {"joined": numbers["json"]}})
    figure, axes = plt.subplots()
    axes.plot([0, numbers["picture"], 3])
    save(figure, [str(folder / f"a.{suffix}") for suffix in ("svg", "png", "pdf")])
    return folder


def compared(before: Path, after: Path) -> tuple[int, list[str]]:
    command = [sys.executable, str(ROOT / "benchmarks" / "same_values.py"), str(before), str(after)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert not done.stderr
    return done.returncode, done.stdout.splitlines()


@pytest.fixture
def before(tmp_path: Path) -> Path:
    return results(tmp_path / "before")


def test_equal_results_with_other_stamps_are_the_same(before, tmp_path, monkeypatch):
    monkeypatch.setattr(stamps, "packages", lambda: "another-1.0")
    after = results(tmp_path / "after")
    for file in before.iterdir():
        if file.suffix != ".json":  # it holds none
            assert file.read_bytes() != (after / file.name).read_bytes()
    code, (last,) = compared(before, after)
    assert code == 0
    assert last.startswith("6 files compared (1 .csv, 1 .json, 1 .pdf, 1 .png, 1 .safetensors, 1 .svg): 0 differ")


@pytest.mark.parametrize(
    ("what", "files"),
    [
        ("tensor", {"0-0-1.safetensors"}),
        ("header", {"0-0-1.safetensors"}),
        ("table", {"a.csv"}),
        ("json", {"a.json"}),
        ("picture", {"a.svg", "a.png", "a.pdf"}),
    ],
)
def test_one_number_that_differs_is_named(before, tmp_path, what, files):
    code, lines = compared(before, results(tmp_path / "after", **{what: 1.0000001 if what == "tensor" else 1.5}))
    assert code == 1
    assert {line.partition(":")[0] for line in lines[:-1]} == files


def test_a_file_of_one_folder_only_is_named(before, tmp_path):
    after = results(tmp_path / "after")
    (after / "a.json").unlink()
    code, lines = compared(before, after)
    assert code == 1
    assert lines[0] == "a.json: only before"
