import fcntl
import logging
import os
import shutil
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import torch
from checkouts import Checkout, copy_project
from versioned import Versioned, small_project

SHARED = ("finished", "recorded")  # what takes a whole run of the workflow


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Put the tests in an order in which nobody waits: for `--dist loadgroup`, which keeps groups together."""
    first = {}  # the tests that build what is shared
    for item in items:
        if item.get_closest_marker("slow") is None:
            item.add_marker(pytest.mark.xdist_group(item.path.stem))
        for name in shared(item):
            first.setdefault(name, item)
    if "PYTEST_XDIST_WORKER" in os.environ:
        # while those build, the others have tests that do not need it
        items.sort(key=lambda item: item not in first.values() and 1 + bool(shared(item)))


def shared(item: pytest.Item) -> set[str]:
    return set(SHARED).intersection(getattr(item, "fixturenames", ()))


def built_once(factory: pytest.TempPathFactory, name: str, build: Callable[[Path], None]) -> Path:
    """Return a folder that the first process to ask for it builds; the others wait."""
    root = factory.getbasetemp()
    if "PYTEST_XDIST_WORKER" in os.environ:
        root = root.parent  # of all processes of this run
    folder, built = root / name, root / f"{name}.built"
    with (root / f"{name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not built.exists():
            shutil.rmtree(folder, ignore_errors=True)
            folder.mkdir()
            build(folder)
            built.touch()
    return folder


@pytest.fixture(autouse=True)
def same_chance() -> None:
    """Let torch draw the same numbers in a test whatever ran before it: some networks of 1000 are near an error."""
    torch.manual_seed(0)


@pytest.fixture(autouse=True)
def process_as_it_was(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Take back what a command sets for its process: where its log goes, and users' modules that it imported."""
    root, own = logging.getLogger(), logging.getLogger("ramble")
    handlers, levels, places, names = list(root.handlers), (root.level, own.level), list(sys.path), set(sys.modules)
    yield
    root.handlers[:] = handlers
    root.setLevel(levels[0])
    own.setLevel(levels[1])
    sys.path[:] = places
    written = str(tmp_path_factory.getbasetemp().parent)
    for name in sys.modules.keys() - names:
        if str(getattr(sys.modules[name], "__file__", "")).startswith(written):
            del sys.modules[name]


@pytest.fixture
def checkout(tmp_path: Path) -> Checkout:
    """A fresh copy of the project."""
    return copy_project(tmp_path / "ramble")


@pytest.fixture(scope="session")
def finished(tmp_path_factory: pytest.TempPathFactory) -> Checkout:
    """A copy of the project in which the small paper has been made; tests must leave it as it is.

    Its results are left in the folder that the variable FIGURES names, if it does.
    """

    def build(folder: Path) -> None:
        made = copy_project(folder / "ramble")
        made.run("paper")
        if kept := os.environ.get("FIGURES"):
            shutil.copytree(made.root / "results", Path(kept) / "results", dirs_exist_ok=True)

    return Checkout(built_once(tmp_path_factory, "finished", build) / "ramble")


@pytest.fixture
def finished_copy(finished: Checkout, tmp_path: Path) -> Checkout:
    """The finished project, times of its files kept, to be changed."""
    target = tmp_path / "ramble"
    shutil.copytree(finished.root, target, symlinks=True)
    return Checkout(target)


@pytest.fixture(scope="session")
def recorded(tmp_path_factory: pytest.TempPathFactory) -> Versioned:
    """A tiny project that was made, recorded in dvc.lock, committed and pushed; tests must leave it as it is."""

    def build(folder: Path) -> None:
        project = small_project(folder / "ramble")
        project.call("dvc", "remote", "add", "--default", "store", str(folder / "store"))
        project.call("snakemake", "--", "paper", "code")
        project.call("dvc", "commit", "--force")
        project.commit("Record results")
        project.call("dvc", "push")
        (folder / "summary").write_text(project.call("snakemake", "--summary", "--", "paper"))

    return Versioned(built_once(tmp_path_factory, "recorded", build) / "ramble")


@pytest.fixture
def recorded_copy(recorded: Versioned, tmp_path: Path) -> Versioned:
    """The recorded project, times of its files kept, to be changed."""
    target = tmp_path / "ramble"
    shutil.copytree(recorded.root, target, symlinks=True)
    return Versioned(target)


@pytest.fixture
def clone(recorded: Versioned, tmp_path: Path) -> Versioned:
    """A fresh clone of the recorded project: no results, no cache."""
    target = tmp_path / "clone"
    recorded.call("git", "clone", "--quiet", str(recorded.root), str(target))
    return Versioned(target)
