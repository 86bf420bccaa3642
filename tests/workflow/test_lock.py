"""A dvc.lock that lost a part is not taken for a whole one."""

import shutil
import sys
from pathlib import Path

import pytest
import yaml
from checkouts import ROOT

sys.path.append(str(ROOT / "workflow"))
from check_lock import lacking


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """The project's own dvc.yaml, with a lock of all its outputs."""
    shutil.copy(ROOT / "dvc.yaml", tmp_path)
    stages = yaml.safe_load((ROOT / "dvc.yaml").read_text())["stages"]
    locked = {
        name: {
            "cmd": stage["cmd"],
            **{
                kind: [{"path": path, "hash": "md5", "md5": "0", "size": 1} for out in stage[kind] for path in out]
                for kind in ("outs", "metrics")
                if kind in stage
            },
        }
        for name, stage in stages.items()
    }
    (tmp_path / "dvc.lock").write_text(yaml.safe_dump({"schema": "2.0", "stages": locked}, sort_keys=False))
    return tmp_path


def test_a_whole_lock_lacks_nothing(project: Path) -> None:
    assert lacking(project) == []


def test_a_lock_cut_anywhere_lacks_what_was_cut(project: Path) -> None:
    lock = project / "dvc.lock"
    lines = lock.read_text().splitlines(keepends=True)
    last = max(number for number, line in enumerate(lines) if "md5: " in line)
    for kept in range(0, last + 1, 7):
        lock.write_text("".join(lines[:kept]))
        missing = lacking(project)
        recorded = sum("md5: " in line and "hash" not in line for line in lines[:kept])
        assert missing
        assert len(missing) >= sum("md5: " in line for line in lines) - recorded - 1


@pytest.mark.parametrize("text", ["", "\0", "stages:", "[1, 2]", "stages: {tcm_data: null}", "a: [", "\xff"])
def test_what_is_no_lock_lacks_everything(project: Path, text: str) -> None:
    (project / "dvc.lock").write_bytes(text.encode("latin-1"))
    stages = yaml.safe_load((project / "dvc.yaml").read_text())["stages"]
    outs = [
        path for stage in stages.values() for kind in ("outs", "metrics") for out in stage.get(kind, []) for path in out
    ]
    assert lacking(project) == outs
