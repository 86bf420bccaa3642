import shutil
from pathlib import Path

import pytest
from checkouts import Checkout, copy_project
from versioned import Versioned, small_project


@pytest.fixture
def checkout(tmp_path: Path) -> Checkout:
    """A fresh copy of the project."""
    return copy_project(tmp_path / "ramble")


@pytest.fixture(scope="session")
def finished(tmp_path_factory: pytest.TempPathFactory) -> Checkout:
    """A copy of the project in which the small paper has been made; tests must leave it as it is."""
    copy = copy_project(tmp_path_factory.mktemp("finished") / "ramble")
    copy.run("paper")
    return copy


@pytest.fixture
def finished_copy(finished: Checkout, tmp_path: Path) -> Checkout:
    """The finished project, times of its files kept, to be changed."""
    target = tmp_path / "ramble"
    shutil.copytree(finished.root, target, symlinks=True)
    return Checkout(target)


@pytest.fixture(scope="session")
def recorded(tmp_path_factory: pytest.TempPathFactory) -> Versioned:
    """A tiny project that was made, recorded in dvc.lock, committed and pushed; tests must leave it as it is."""
    folder = tmp_path_factory.mktemp("recorded")
    project = small_project(folder / "ramble")
    project.call("dvc", "remote", "add", "--default", "store", str(folder / "store"))
    project.call("snakemake")
    project.call("dvc", "commit", "--force")
    project.commit("Record results")
    project.call("dvc", "push")
    return project


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
