"""Where along paths something is measured, and that a killed run goes on where it was."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch
from small_points import stored_path
from small_problems import smooth_problem

from ramble.errors import RambleError
from ramble.spectra.along import on_first, write_along
from ramble.spectra.exact import ExactEngine
from ramble.spectra.settings import ExactSettings
from ramble.store.artifacts import read_table
from ramble.store.checkpoints import Checkpoint, checkpoint_of
from ramble.store.points import write_points


class Recording:
    """Measures nothing, but remembers where it was asked, and may be cut short."""

    def __init__(self, most: int = 100) -> None:
        self.labels: list[str] = []
        self.most = most

    def __call__(self, problem: object, weights: torch.Tensor, dataset: int, label: str) -> pd.DataFrame:
        if len(self.labels) == self.most:
            raise KeyboardInterrupt
        self.labels.append(label)
        return pd.DataFrame({"node": [0.1, float(weights[0])], "label": label})


def write_path(folder: Path, back: bool = False) -> str:
    """Equal steps but for one long one at the end: half the length is not half the way in t."""
    places = torch.tensor([*range(10), 12.0]).unsqueeze(1)
    t = np.linspace(0, 1, 11)
    if back:
        t[1] = -0.5
    write_points(folder / "0-0-1.safetensors", stored_path(places, t))
    return str(folder / "0-0-1.safetensors")


def measure(rows: Recording, path: str, output: Path, code: str = "a") -> None:
    write_along(rows, None, "s", "labels", 3, [path], [str(output)], {"code": code})


@pytest.mark.parametrize(("back", "points"), [(False, [0, 5, 10]), (True, [0, 6, 10])], ids=["t rises", "t falls"])
def test_points_are_even_in_t_where_it_rises_else_in_s(tmp_path, back, points):
    rows = Recording()
    measure(rows, write_path(tmp_path, back), tmp_path / "out.csv")
    assert rows.labels == [f"s/0-0-1/{point}" for point in points]
    found = read_table(tmp_path / "out.csv")
    assert list(found) == ["point", "t", "s", "node", "label"]
    assert found.point.tolist() == [point for point in points for _ in range(2)]
    assert found.s.tolist() == pytest.approx([(12.0 if point == 10 else point) / 12 for point in found.point])


def test_a_killed_run_goes_on_after_its_last_point(tmp_path, monkeypatch):
    monkeypatch.setattr(Checkpoint, "due", property(lambda _: True))
    path, output = write_path(tmp_path), tmp_path / "out.csv"
    measure(Recording(), path, tmp_path / "undisturbed.csv")
    with pytest.raises(KeyboardInterrupt):
        measure(Recording(most=2), path, output)
    assert not output.exists()
    rest = Recording()
    measure(rest, path, output)
    assert rest.labels == ["s/0-0-1/10"]
    assert output.read_bytes() == (tmp_path / "undisturbed.csv").read_bytes()
    assert not checkpoint_of(output).exists()


def test_a_checkpoint_of_other_code_is_refused(tmp_path, monkeypatch):
    monkeypatch.setattr(Checkpoint, "due", property(lambda _: True))
    path, output = write_path(tmp_path), tmp_path / "out.csv"
    with pytest.raises(KeyboardInterrupt):
        measure(Recording(most=2), path, output)
    with pytest.raises(RambleError, match="belongs to the settings"):
        measure(Recording(), path, output, code="b")


def test_spectra_of_some_samples_are_those_of_the_problem_that_has_no_others(tmp_path):
    problem = smooth_problem(samples=12)
    inputs, labels = problem.data("train")
    alone = type(problem)({"train": (inputs[:7], labels[:7])})
    weights = problem.initial_weights(torch.Generator().manual_seed(0))
    engine = ExactEngine(ExactSettings())
    (found,) = on_first(engine.rows, 7)(problem, weights, 0, "here").to_dict("records")
    assert found.pop("samples") == 7
    (expected,) = engine.rows(alone, weights, 0, "here").to_dict("records")
    assert found == pytest.approx(expected, rel=1e-9)
    (of_all,) = engine.rows(problem, weights, 0, "here").to_dict("records")
    assert of_all["eig_1"] != pytest.approx(found["eig_1"], rel=1e-3)
    with pytest.raises(RambleError, match="13 training samples are asked for, and there are 12"):
        problem.on_first(13)
