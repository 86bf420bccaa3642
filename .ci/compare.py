"""What a change makes of the results: metrics and plots by DVC, tables by their content, pictures pixel by pixel.

Usage: python .ci/compare.py BEFORE AFTER OUT

BEFORE and AFTER are folders with results/; OUT is filled with comment.md, for a pull request, with DVC's page of the
plots, and with one picture before | after | difference for each figure that differs. The exit code is 0 whether
anything differs or not: a difference is for people to judge.
"""

import argparse
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import yaml
from matplotlib import image

TABLES, FIGURES = "results/tables", "results/figures"
CURVES = ("profile", "spectra")  # along the first pair's path of every tracker
MARK = "<!-- comparison of results -->"
STAMP = "# "  # the last line of a table says where it comes from


def main() -> int:
    """Compare two folders as the command line says; return the exit code."""
    parser = argparse.ArgumentParser(description="Compare two runs of the workflow.")
    for name in ("before", "after", "out"):
        parser.add_argument(name, type=Path)
    given = parser.parse_args()
    for folder in (given.before, given.after):
        if not (folder / "results").is_dir():
            print(f"error: {folder}: has no folder results; make it by 'bash .ci/regenerate {folder}'", file=sys.stderr)
            return 2
    given.out.mkdir(parents=True, exist_ok=True)
    metrics = by_dvc(given.before, given.after, given.out)
    tables = changed(given.before, given.after, TABLES, ".csv", same_rows)
    pictures = changed(given.before, given.after, FIGURES, ".png", same_picture)
    for name in pictures["differ"]:
        draw_difference(given.before / name, given.after / name, given.out / Path(name).name)
    (given.out / "comment.md").write_text(comment(metrics, tables, pictures), encoding="utf-8")
    print((given.out / "comment.md").read_text(encoding="utf-8"))
    return 0


def by_dvc(before: Path, after: Path, out: Path) -> str:
    """Return DVC's table of the metrics that differ, as Markdown, and write its page of the plots.

    DVC compares revisions of git: both folders become one in a repository of their own.
    """
    repository = out / "repository"
    shutil.rmtree(repository, ignore_errors=True)
    repository.mkdir()

    def call(*command: str) -> str:
        own = ["-c", "user.name=ci", "-c", "user.email=ci@localhost"] if command[0] == "git" else []
        done = subprocess.run(
            [command[0], *own, *command[1:]], cwd=repository, capture_output=True, text=True, check=False
        )
        if done.returncode:
            raise SystemExit(f"error: {' '.join(command)} failed: {done.stderr.strip()}")
        return done.stdout

    dvc = [sys.executable, "-m", "dvc"]
    call("git", "init", "--quiet")
    call(*dvc, "init", "--quiet")
    for folder in (before, after):
        shutil.rmtree(repository / "results", ignore_errors=True)
        for kind in ("tables/*.json", *(f"*/{curve}/*/0-0-1.csv" for curve in CURVES)):
            for file in sorted((folder / "results").glob(kind)):
                target = repository / "results" / file.relative_to(folder / "results")
                target.parent.mkdir(parents=True, exist_ok=True)
                shutil.copyfile(file, target)
        (repository / "dvc.yaml").write_text(yaml.safe_dump(shown(repository)))
        call("git", "add", "--all", "--force")
        call("git", "commit", "--quiet", "--allow-empty", "--message", folder.name)
    call(*dvc, "plots", "diff", "HEAD~1", "HEAD", "--out", str((out / "plots").resolve()))
    table = call(*dvc, "metrics", "diff", "HEAD~1", "HEAD", "--md", "--precision", "4")
    shutil.rmtree(repository)
    rows = table.strip().splitlines()
    return "\n".join(rows) if len(rows) > 2 else ""  # a head alone where no metric differs


def shown(repository: Path) -> dict[str, list[object]]:
    """Return what a dvc.yaml says of the metrics and curves in a repository."""
    plots: list[object] = []
    for curve, column in (("profile", "train_loss"), ("spectra", "eig_1")):
        for study in sorted({file.parents[2].name for file in repository.glob(f"results/*/{curve}/*/*.csv")}):
            files = sorted(repository.glob(f"results/{study}/{curve}/*/*.csv"))
            y = {str(file.relative_to(repository)): column for file in files}
            plots.append({f"{study}_{curve}": {"template": "simple", "x": "s", "y": y}})
    metrics = [str(file.relative_to(repository)) for file in sorted(repository.glob(f"{TABLES}/*.json"))]
    return {"metrics": [*metrics], "plots": plots}


def changed(before: Path, after: Path, folder: str, suffix: str, same: object) -> dict[str, list[str]]:
    """Return the files of a kind that came, went, or differ, as names below both folders, sorted."""
    old, new = (
        {f"{folder}/{file.name}" for file in (top / folder).glob(f"*{suffix}")} for top in (before, after)
    )  # fmt: skip
    assert callable(same)
    return {
        "came": sorted(new - old),
        "went": sorted(old - new),
        "differ": sorted(name for name in old & new if not same(before / name, after / name)),
        "same": sorted(name for name in old & new if same(before / name, after / name)),
    }


def same_rows(before: Path, after: Path) -> bool:
    """Whether two tables have the same rows; where they come from may differ."""
    first, second = (
        [line for line in file.read_text(encoding="utf-8").splitlines() if not line.startswith(STAMP)]
        for file in (before, after)
    )
    return first == second


def same_picture(before: Path, after: Path) -> bool:
    """Whether two pictures show the same pixels."""
    first, second = image.imread(before), image.imread(after)
    return first.shape == second.shape and bool(np.array_equal(first, second))


def draw_difference(before: Path, after: Path, out: Path) -> None:
    """Write two pictures and what differs between them, in red on white, side by side."""
    first, second = (_rgb(image.imread(file)) for file in (before, after))
    height, width = (max(first.shape[axis], second.shape[axis]) for axis in (0, 1))
    first, second = (_padded(picture, height, width) for picture in (first, second))
    differs = np.abs(first - second).max(axis=2) > 1 / 255
    third = np.ones_like(first)
    third[differs] = (0.84, 0.37, 0.0)
    image.imsave(out, np.concatenate([first, second, third], axis=1))


def _rgb(picture: np.ndarray) -> np.ndarray:
    return picture[..., :3] if picture.ndim == 3 else np.repeat(picture[..., None], 3, axis=2)


def _padded(picture: np.ndarray, height: int, width: int) -> np.ndarray:
    grown = np.ones((height, width, 3), dtype=picture.dtype)
    grown[: picture.shape[0], : picture.shape[1]] = picture
    return grown


def comment(metrics: str, tables: dict[str, list[str]], pictures: dict[str, list[str]]) -> str:
    """Return what is posted to the pull request; PICTURES stands for the address of the changed pictures."""
    lines = [MARK, "### What this change makes of the results", ""]
    if not any(found[kind] for found in (tables, pictures) for kind in ("came", "went", "differ")) and not metrics:
        counts = f"{len(pictures['same'])} pictures and {len(tables['same'])} tables"
        return "\n".join([*lines, f"Nothing: {counts} of the reduced chain are as before.", ""])
    for name, found in (("tables", tables), ("pictures", pictures)):
        for kind in ("came", "went", "differ"):
            if found[kind]:
                lines.append(f"- {name} that {kind}: {', '.join(Path(file).stem for file in found[kind])}")
        lines.append(f"- {name} as before: {len(found['same'])}")
    lines += ["", "#### Metrics that differ (`dvc metrics diff`)", "", metrics or "None.", ""]
    if pictures["differ"]:
        lines += ["#### Pictures that differ: before, after, difference", ""]
        lines += [
            f"**{Path(file).stem}**\n\n![{Path(file).stem}](PICTURES/{Path(file).name})\n"
            for file in pictures["differ"]
        ]
    lines.append("The plots side by side and the report are among the artifacts of this run.")
    return "\n".join([*lines, ""])


if __name__ == "__main__":
    sys.exit(main())
