"""Refuse a dvc.lock that lacks outputs of dvc.yaml's stages: `dvc checkout --force` would delete them."""

import sys
from pathlib import Path
from typing import Any

import yaml


def outputs(stage: Any) -> dict[str, bool]:
    """Return the outputs of a stage as either file has it, and whether their content is recorded."""
    listed = [out for kind in ("outs", "metrics") for out in stage.get(kind) or []]
    recorded = {out["path"]: "md5" in out for out in listed if isinstance(out, dict) and "path" in out}
    return recorded or {path: False for out in listed for path in out}


def lacking(folder: Path) -> list[str]:
    """Return the outputs in a project's dvc.yaml whose content its dvc.lock does not record."""
    stages = yaml.safe_load((folder / "dvc.yaml").read_text(encoding="utf-8"))["stages"]
    try:
        lock = yaml.safe_load((folder / "dvc.lock").read_text(encoding="utf-8"))["stages"]
        known = {name: outputs(stage) for name, stage in lock.items()}
    except (OSError, UnicodeDecodeError, yaml.YAMLError, TypeError, KeyError, AttributeError):
        known = {}
    return [out for name, stage in stages.items() for out in outputs(stage) if not known.get(name, {}).get(out)]


if __name__ == "__main__":
    if missing := lacking(Path()):
        sys.exit(
            f"error: dvc.lock is damaged or old: no record of {missing[0]} and {len(missing) - 1} others; nothing "
            "is changed; take it back with 'git checkout dvc.lock', or record what is there with 'make record'"
        )
