"""What a change makes of the results, as CI posts it: by the same scripts."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pandas as pd
import pytest
from checkouts import ROOT
from matplotlib import image
from matplotlib import pyplot as plt
from versioned import Versioned

from ramble.store.artifacts import write_table

COMPARE = ROOT / ".ci/compare.py"
NOTHING = "Nothing: "


def compare(before: Path, after: Path, out: Path, code: int = 0) -> str:
    command = [sys.executable, str(COMPARE), str(before), str(after), str(out)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == code, done.stdout + done.stderr
    return (out / "comment.md").read_text() if code == 0 else done.stderr


def results_in(folder: Path, share: float) -> Path:
    """Write a picture, a table, a metric and a curve, all of which go by a number."""
    made = folder / "results"
    for name in ("figures", "tables", "tcm/profile/line"):
        (made / name).mkdir(parents=True)
    for name, value in (("fig1", share), ("fig2", 0.25)):
        figure, axes = plt.subplots(figsize=(2, 2))
        axes.plot([0, 1], [0, value])
        figure.savefig(made / f"figures/{name}.png", metadata={"Software": f"at {share}"})
        plt.close(figure)
    write_table(made / "tables/claims.csv", pd.DataFrame({"claim": ["it holds"], "measured": [share]}))
    (made / "tables/claims.json").write_text(json.dumps({"tcm": {"it holds": {"measured": share}}}))
    write_table(made / "tcm/profile/line/0-0-1.csv", pd.DataFrame({"s": [0.0, 1.0], "train_loss": [0.0, share]}))
    return folder


def test_what_differs_is_named_measured_and_drawn(tmp_path: Path) -> None:
    before, after = (results_in(tmp_path / name, share) for name, share in (("before", 0.5), ("after", 1.0)))
    (after / "results/figures/fig2.png").rename(after / "results/figures/fig9.png")
    told = compare(before, after, tmp_path / "out")
    assert "- pictures that differ: fig1\n" in told
    assert "- pictures that came: fig9\n" in told
    assert "- pictures that went: fig2\n" in told
    assert "- tables that differ: claims\n" in told
    row = next(line for line in told.splitlines() if "it holds" in line)
    assert "0.5" in row
    assert "1.0" in row
    assert "![fig1](PICTURES/fig1.png)" in told
    drawn = image.imread(tmp_path / "out/fig1.png")
    size = image.imread(before / "results/figures/fig1.png").shape
    assert drawn.shape[:2] == (size[0], 3 * size[1])
    third = drawn[:, 2 * size[1] :, :3]
    assert 0 < (third.min(axis=2) < 0.9).mean() < 0.2  # only where the curve was and is
    assert not (tmp_path / "out/fig2.png").exists()
    assert "train_loss" in (tmp_path / "out/plots/index.html").read_text()


def test_equal_results_are_called_so_whatever_files_say_of_themselves(tmp_path: Path) -> None:
    before, after = (results_in(tmp_path / name, 0.5) for name in ("before", "after"))
    table = after / "results/tables/claims.csv"
    table.write_text(table.read_text() + "# made elsewhere\n")
    told = compare(before, after, tmp_path / "out")
    assert "Nothing: 2 pictures and 1 tables of the reduced chain are as before." in told
    assert not list((tmp_path / "out").glob("*.png"))


def test_folder_without_results_is_said_in_one_sentence(tmp_path: Path) -> None:
    said = compare(tmp_path, tmp_path, tmp_path / "out", code=2)
    assert "has no folder results; make it by 'bash .ci/regenerate" in said
    assert said.count("\n") == 1


def test_comment_points_to_pictures_that_were_pushed(tmp_path: Path) -> None:
    # `gh` needs the hosting site: a program of that name keeps what it is given
    binaries = tmp_path / "bin"
    binaries.mkdir()
    (binaries / "gh").write_text('#!/bin/sh\nfor last; do :; done\ncp "$last" "$KEPT"\n')
    (binaries / "gh").chmod(0o755)
    project, store = tmp_path / "project", tmp_path / "store.git"
    (project / ".ci").mkdir(parents=True)
    (project / "comparison").mkdir()
    (project / "comparison/fig1.png").write_bytes(b"picture")
    (project / "comparison/comment.md").write_text("![fig1](PICTURES/fig1.png)\n")
    environment = os.environ | {"PATH": f"{binaries}:{os.environ['PATH']}", "KEPT": str(tmp_path / "posted")}
    person = ["-c", "user.name=test", "-c", "user.email=test@localhost"]

    def call(*command: str) -> str:
        done = subprocess.run(command, cwd=project, env=environment, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
        return done.stdout

    call("git", "init", "--quiet", "--bare", str(store))
    call("git", "init", "--quiet", ".")
    call("git", "remote", "add", "origin", str(store))
    call("git", *person, "commit", "--quiet", "--allow-empty", "--message", "begin")
    for number in ("7", "8", "7"):
        call("bash", str(ROOT / ".ci/post"), "comparison", number, "https://example.org/raw/pictures")
        assert (tmp_path / "posted").read_text() == f"![fig1](https://example.org/raw/pictures/{number}/fig1.png)\n"
    pushed = call("git", "--git-dir", str(store), "ls-tree", "-r", "--name-only", "pictures").split()
    assert pushed == ["7/fig1.png", "8/fig1.png", "README.md"]
    assert call("git", "worktree", "list").count("\n") == 1


@pytest.mark.slow
def test_another_seed_is_seen_in_a_real_run_and_the_same_one_is_not(
    recorded: Versioned, recorded_copy: Versioned, tmp_path: Path
) -> None:
    assert NOTHING in compare(recorded.root, recorded_copy.root, tmp_path / "same")
    recorded_copy.edit("params.yaml", "seed: 2019", "seed: 7")
    recorded_copy.call("snakemake", "--", "paper")
    told = compare(recorded.root, recorded_copy.root, tmp_path / "other")
    assert NOTHING not in told
    assert "fig3" in next(line for line in told.splitlines() if line.startswith("- pictures that differ"))
    assert "measured" in told
