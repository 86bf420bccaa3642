"""What stands in dvc.yaml, from the steps: nothing of the DAG is written twice."""

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from plumbing.steps import Step, Steps
from ramble.store.code import code_files

CODE = "results/code.yaml"
# {rule: what is plotted of its tables, and how it is called}
ALONG = {"profile": ("train_loss", "training loss"), "spectra": ("eig_1", "largest Hessian eigenvalue")}


def code_digests(steps: Mapping[str, Step]) -> dict[str, str]:
    """Return a digest of the code of every step; DVC compares these: a step is old when its own code changed."""
    return {name: hashlib.sha256("\n".join(step.codes).encode()).hexdigest()[:16] for name, step in steps.items()}


def pipeline(steps: Steps, project: Path, figures: Iterable[str], first_pairs: Mapping[str, str]) -> dict[str, Any]:
    """Return the content of dvc.yaml.

    Args:
        steps: of the default target.
        project: the folder with the Snakefile.
        figures: that are to be shown.
        first_pairs: {study of paths: the pair whose paths' measurements are plotted}.
    """
    named = steps.by_name
    stages = {"code": _code_stage(named.values(), project.resolve())}
    stages |= {name: _stage(name, step) for name, step in named.items()}
    return {"stages": stages, "plots": [*figures, *_plots(named, first_pairs)]}


def _stage(name: str, step: Step) -> dict[str, Any]:
    """Return one stage; its outputs persist, so that snakemake finds them and makes only what is missing or old."""
    outs = [{out: {"persist": True}} for out in step.outs]
    parts = {
        "cmd": f"snakemake -- {name}",
        "deps": step.deps,
        "params": [{CODE: [name]}, *step.keys],
        "outs": [out for out in outs if not str(*out).endswith(".json")],
        "metrics": [out for out in outs if str(*out).endswith(".json")],
    }
    return {key: value for key, value in parts.items() if value}


def _code_stage(steps: Iterable[Step], project: Path) -> dict[str, Any]:
    steps = list(steps)
    return {
        "cmd": "snakemake --force -- code",  # no record tells whether it is old
        "deps": _code_sources({text for step in steps for text in step.codes}, project),
        "params": list(dict.fromkeys(["paper", *(key for step in steps for key in step.code_keys)])),
        "outs": [{CODE: {"persist": True}}],
    }


def _code_sources(codes: Iterable[str], project: Path) -> Sequence[str]:
    """Return the files that are code of any step, seen from the project's folder."""
    files: set[Path] = set()
    for text in codes:
        _, _, script, *import_paths = text.split()
        files.update(code_files(f"{project}/workflow/scripts/{script}.py", *import_paths))
    return sorted(file.relative_to(project).as_posix() for file in files if file.is_relative_to(project))


def _plots(steps: Mapping[str, Step], first_pairs: Mapping[str, str]) -> list[Any]:
    """Return the plots of what was measured along the first pair's paths of some studies."""
    return [
        {
            f"{study}_{kind}": {
                "title": f"{study}: {label} along the paths of pair {pair}",
                "template": "simple",
                "x": "s",
                "y": {f"{out}/{pair}.csv": column for out in steps[f"{study}_{kind}"].outs},
                "x_label": "share of the path's length",
                "y_label": label,
            }
        }
        for study, pair in first_pairs.items()
        for kind, (column, label) in ALONG.items()
        if f"{study}_{kind}" in steps
    ]
