"""The independent check of stored paths, as a user runs it."""

import os
import struct
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest
import torch
from safetensors.torch import save_file
from small_problems import pattern_sets, plain_committee_outputs, random_images, silent, trained
from torch import Tensor, nn

from ramble.__main__ import main
from ramble.problems.lenet import LeNet5Problem
from ramble.problems.network import NetworkProblem
from ramble.problems.problem import Problem
from ramble.problems.tree_committee import TreeCommittee
from ramble.store.headers import Status
from ramble.store.tensors import read_tensors, tensors_digest, write_tensors
from ramble.studies.paths.tracked import read_sources, write_paths
from ramble.tracking.aligned import AlignedTracker
from ramble.tracking.aligned_settings import AlignedSettings
from ramble.tracking.alignment import reordered as reorder
from ramble.tracking.certified import certified
from ramble.tracking.connect import connect
from ramble.tracking.path import Path as Walked
from ramble.tracking.path import Step, normalised_distance
from ramble.tracking.symmetries import movable_units
from ramble.verification.certificate import recompute, wrong_status
from ramble.verification.committee import CommitteeCheck
from ramble.verification.network import GRIDS, NetworkCheck

PARAMS = Path(__file__).parents[2] / "params.yaml"
ZERO = torch.tensor([0])
STEP = Step(1, 1.0, 0.0, 0, 1.0, True, 0.1, 0.1, 5, 2)
(PATTERNS,) = pattern_sets(31, 1, 10, 30)


def committee() -> TreeCommittee:
    return TreeCommittee([PATTERNS], hidden=3, input_scale=1.0, initial_sigma=0.06)


def store(folder: Path, study: str, problem: Problem, data: dict[str, Tensor], points: Tensor, status: Status) -> Path:
    """Write the study's data, its two solutions and one path between them, as the workflow does."""
    of_data = folder / study / "data" / "0.safetensors"
    write_tensors(of_data, data, {"study": study, "dataset": 0})
    solutions = [folder / study / "solutions" / f"0-{seed}.safetensors" for seed in (0, 1)]
    for seed, weights in enumerate((points[0], points[-1])):
        header = {"study": study, "dataset": 0, "seed": seed}
        write_tensors(solutions[seed], problem.unflatten(weights), header)
    file = folder / study / "paths" / "paper" / "0-0-1.safetensors"
    times = normalised_distance(points, points[:1], points[-1:]) if len(points) > 1 else torch.ones(1)
    path = certified(problem, Walked(points, times.double(), status, "there", [STEP]), 0, 1 / 64, silent())
    sources = read_sources([str(of_data)], [str(each) for each in solutions])
    write_paths(problem, study, "paper", [path], sources, [str(file)], [str(file.with_suffix(".csv"))])
    return file


def committee_path(folder: Path, points: int = 40, status: Status = Status.ARRIVED) -> Path:
    problem = committee()
    start = trained(problem, ZERO, 1)[0].float()
    assert problem.evaluate(start[None], ZERO).errors.tolist() == [0]
    growing = 1 + torch.linspace(0, 1, points).unsqueeze(1)
    return store(folder, "tcm", problem, PATTERNS, start * growing, status)


def edit(file: Path, point: int, values: Tensor) -> None:
    """Change a point, and what depends on it: t, and the digest of the file."""
    tensors, header = read_tensors(file)
    points = tensors["points"]
    points[point] = values
    ends = (solution(file, seed) for seed in (0, 1))
    times = normalised_distance(points.double(), *(end.double().unsqueeze(0) for end in ends))
    write_tensors(file, {"points": points, "t": times}, header)


def solution(file: Path, seed: int) -> Tensor:
    state, _ = read_tensors(file.parents[2] / "solutions" / f"0-{seed}.safetensors")
    return torch.cat([value.flatten() for value in state.values()])


def points_of(file: Path) -> Tensor:
    return read_tensors(file)[0]["points"]


def verify(*files: Path, params: Path = PARAMS) -> int:
    return main(["verify", *map(str, files), "--params", str(params)])


def command(*files: Path) -> subprocess.CompletedProcess[str]:
    root = PARAMS.parent
    return subprocess.run(
        [sys.executable, "-m", "ramble", "verify", *map(str, files)],
        cwd=root, env=os.environ | {"PYTHONPATH": str(root / "src")}, capture_output=True, text=True, check=False,
    )  # fmt: skip


@pytest.fixture(scope="module")
def lenet(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A LeNet5 path on six random images whose ends are one function with hidden units in another order."""
    data = random_images(1)
    problem = LeNet5Problem([data], input_mean=0.1307, input_std=0.3081)
    weights = problem.initial_weights(torch.Generator().manual_seed(1)).unsqueeze(0)
    for _ in range(60):
        weights = weights - 0.05 * problem.gradients(weights, ZERO)[1]
    assert problem.evaluate(weights, ZERO).errors.tolist() == [0]
    growing = weights * (1 + torch.linspace(0, 0.05, 5).unsqueeze(1))
    return store(tmp_path_factory.mktemp("lenet"), "mnist100", problem, data, growing, Status.ARRIVED)


def test_paths_that_hold_give_one_line_each_and_exit_code_0(tmp_path, lenet):
    file = committee_path(tmp_path)
    done = command(file, lenet)
    assert (done.returncode, done.stderr) == (0, "")
    first, compared, second, _ = done.stdout.splitlines()
    assert compared == (
        "       compared: data (10 inputs), both ends, t of 40 points, status, the table of steps (1), certificate "
        f"(anew: exact of 39 segments, margin {float(read_tensors(file)[1]['min_margin']):.6g}); not compared: "
        "tracker, reason, certificate_reason, certificate_points, provenance"
    )
    assert first.startswith(f"holds  {file}: arrived, sound, 39 segments, 40 points tested, smallest margin ")
    assert second.startswith(f"holds  {lenet}: arrived, sampled, 4 segments, 17 points tested, smallest margin ")
    assert read_tensors(lenet)[1]["certificate"] == "sound"
    assert read_tensors(file)[1]["certificate"] == "exact"


def test_a_hole_between_good_points_is_found(tmp_path):
    data = {"patterns": torch.ones(1, 3, dtype=torch.int8), "labels": torch.ones(1, dtype=torch.int8)}
    problem = TreeCommittee([data], hidden=3, input_scale=1.0, initial_sigma=0.06)
    points = torch.tensor([[0.5, 0.6, 0.6], [-100.0, 0.6, 0.6], [0.6, 0.6, -100.0], [0.6, 0.6, 0.1]])
    assert problem.evaluate(points, torch.zeros(4, dtype=torch.long)).errors.tolist() == [0] * 4
    file = store(tmp_path, "tcm", problem, data, points, Status.ARRIVED)
    done = command(file)
    assert (done.returncode, done.stderr) == (1, "")
    assert done.stdout.startswith("FAILS")
    assert "segment 1 has 1 error at t = " in done.stdout
    header = read_tensors(file)[1]
    assert (header["certificate"], header["certified_segments"]) == ("none", "1")
    assert "segment 1 between stored points 1 and 2" in header["reason"]


def test_a_point_pushed_out_is_found_in_any_chunk(tmp_path, capsys):
    file = committee_path(tmp_path)
    for place in (1, 16, 17, 38):
        edit(file, place, -points_of(file)[place])
        assert verify(file) == 1
        assert f"segment {place - 1} has " in capsys.readouterr().out
        edit(file, place, -points_of(file)[place])
    assert verify(file) == 0


def test_a_hole_in_a_lenet_path_is_found(lenet, capsys):
    points = points_of(lenet)
    problem = LeNet5Problem([random_images(1)], input_mean=0.1307, input_std=0.3081)
    state = problem.unflatten(points[2])
    turned = state | {
        "fc1.weight": state["fc1.weight"].flip(0),
        "fc1.bias": state["fc1.bias"].flip(0),
        "fc2.weight": state["fc2.weight"].flip(1),
    }
    turned |= {
        "fc2.weight": turned["fc2.weight"].flip(0),
        "fc2.bias": state["fc2.bias"].flip(0),
        "fc3.weight": state["fc3.weight"].flip(1),
    }
    other = problem.flatten(turned)
    assert problem.evaluate(other[None], ZERO).errors.tolist() == [0]
    assert int(problem.evaluate((points[1] + other)[None] / 2, ZERO).errors) > 0
    edit(lenet, 2, other)
    assert verify(lenet) == 1
    assert "segment 1 has " in capsys.readouterr().out
    edit(lenet, 2, points[2])


def unsealed(header: dict[str, str]) -> dict[str, str]:
    """What a header says, for a file to be written anew."""
    return {name: text for name, text in header.items() if name != "digest"}


@pytest.fixture
def reordered(tmp_path: Path) -> tuple[Path, Path]:
    """A path to a LeNet5 with its units reordered, and parameters in which its tracker is."""
    params = tmp_path / "params.yaml"
    kept, before = PARAMS.read_text(), "      line: {}\n      curve: {resolution: 0.0625}"
    assert before in kept
    params.write_text(kept.replace(before, f"      aligned: {{}}\n{before}"))
    data = random_images(1)
    problem = LeNet5Problem([data], input_mean=0.1307, input_std=0.3081)
    start = problem.initial_weights(torch.Generator().manual_seed(1)).unsqueeze(0)
    for _ in range(60):
        start = start - 0.05 * problem.gradients(start, ZERO)[1]
    groups, random = movable_units(problem), torch.Generator().manual_seed(2)
    orders = [torch.randperm(group.count, generator=random) for group in groups]
    end = 1.01 * problem.flatten(reorder(groups, orders, problem.unflatten(start[0])))[None]
    settings = AlignedSettings(points=3)
    (path,) = connect(problem, AlignedTracker(settings), start, end, ZERO, silent(3))
    file = store(tmp_path, "mnist100", problem, data, torch.cat([start, end]), Status.ARRIVED)
    target = file.parents[1] / "aligned" / file.name
    sources = read_sources(
        [str(tmp_path / "mnist100" / "data" / "0.safetensors")],
        [str(tmp_path / "mnist100" / "solutions" / f"0-{seed}.safetensors") for seed in (0, 1)],
    )
    write_paths(problem, "mnist100", "aligned", [path], sources, [str(target)], [str(target.with_suffix(".csv"))])
    return target, params


def test_a_path_to_reordered_units_is_held_against_the_given_network(reordered, capsys):
    file, params = reordered
    assert verify(file, params=params) == 0
    tensors, header = read_tensors(file)
    last = tensors["points"][-1].clone()
    order = tensors["end_order"].clone()
    order[[0, 500]] = order[[500, 0]]  # weights of two layers exchanged: an order, and no symmetry
    tensors["points"][-1, [0, 500]] = last[[500, 0]]
    tensors["end_order"] = order
    write_tensors(file, tensors, unsealed(header))
    assert verify(file, params=params) == 1
    assert "W_b with its units reordered is another network" in capsys.readouterr().out


def test_only_the_aligned_tracker_may_reorder(reordered, capsys):
    file, params = reordered
    tensors, header = read_tensors(file)
    write_tensors(file, tensors, unsealed(header) | {"tracker": "line"})
    assert verify(file, params=params) == 2
    assert "which tracker 'line' does not do" in capsys.readouterr().err


def test_an_order_that_is_none_is_refused(reordered, capsys):
    file, params = reordered
    tensors, header = read_tensors(file)
    tensors["end_order"][1] = tensors["end_order"][0]
    write_tensors(file, tensors, unsealed(header))
    assert verify(file, params=params) == 2
    assert "end_order is no order of the 61706 weights" in capsys.readouterr().err


def test_wrong_ends_are_found(tmp_path, capsys):
    file = committee_path(tmp_path)
    for place, name in ((0, "W_a"), (39, "W_b")):
        original = points_of(file)[place]
        edit(file, place, original * (1 + 2**-22))
        assert verify(file) == 1
        assert f"is not {name} to the bit" in capsys.readouterr().out
        edit(file, place, original)


def test_not_arrived_is_verified_as_far_as_it_goes(tmp_path, capsys):
    file = committee_path(tmp_path, status=Status.STUCK)
    farther = 2.2 * points_of(file)[0]
    end = tmp_path / "tcm/solutions/0-1.safetensors"
    write_tensors(end, committee().unflatten(farther), read_tensors(end)[1])
    edit(file, 39, points_of(file)[39])
    rewrite(file, end_digest=tensors_digest(end))
    assert verify(file) == 0
    assert "stuck (verified as far as it goes, t = 0.8333)" in capsys.readouterr().out


def test_one_point_is_verified_at_that_point(tmp_path, capsys):
    file = committee_path(tmp_path, points=1)
    assert verify(file) == 0
    assert "0 segments, 2 points tested" in capsys.readouterr().out


def test_numbers_and_shapes_are_checked(tmp_path, capsys):
    file = committee_path(tmp_path)
    edit(file, 20, torch.nan)
    assert verify(file) == 1
    assert "point 20 is not finite" in capsys.readouterr().out
    tensors, header = read_tensors(file)
    write_tensors(file, {"points": tensors["points"], "t": tensors["t"][:-1]}, header)
    assert verify(file) == 2
    assert "holds 40 points and 39 of their t" in capsys.readouterr().err


PATH_FILE = "0-0-1.safetensors"


def cut(file: Path) -> None:
    file.write_bytes(file.read_bytes()[:-100])


def of_parts(file: Path, **tensors: Tensor) -> None:
    write_tensors(file, read_tensors(file)[0] | tensors, read_tensors(file)[1])


def without(file: Path, name: str) -> None:
    tensors, header = read_tensors(file)
    write_tensors(file, tensors, {key: value for key, value in header.items() if key != name})


@pytest.mark.parametrize(
    ("spoil", "says"),
    [
        (Path.unlink, f"{PATH_FILE}: is missing; make it with snakemake, or fetch it with dvc pull (stage tcm_paths"),
        (cut, f"{PATH_FILE}: not a whole safetensors file; if it is"),
        (lambda file: file.write_bytes(b""), f"{PATH_FILE}: not a whole safetensors file; if it is"),
        (lambda file: save_file({"x": torch.ones(2)}, file), "holds no digest"),
        (lambda file: write_tensors(file, {"x": torch.ones(2)}, {}), "its header says no study"),
        (lambda file: rewrite(file, study="tmc"), "the parameters have no paths of study 'tmc' by tracker 'paper'"),
        (lambda file: rewrite(file, study="recipe"), "the parameters have no paths of study 'recipe'"),
        (lambda file: rewrite(file, tracker="model_fields"), "no paths of study 'tcm' by tracker 'model_fields'"),
        (lambda file: rewrite(file, study="mnist100"), "belongs to study 'tcm', the path beside it says 'mnist100'"),
        (lambda file: rewrite(file, input_scale="0.1"), "made with input_scale = '0.1', the parameters say 1.0"),
        (lambda file: without(file, "input_scale"), "made with input_scale = 'nothing', the parameters say 1.0"),
        (lambda file: without(file, "status"), "its header says no status"),
        (lambda file: of_parts(file, more=torch.ones(2)), "the tensors of points are points and t"),
        (lambda file: of_parts(file, points=torch.ones(3, 30).double()), "points are float64 of the shape"),
        (lambda file: of_parts(file, points=torch.ones(3, 5, 6)), "points are float32 of the shape (3, 5, 6)"),
        (lambda file: of_parts(file, points=torch.ones(3, 31)), "its points have 31 weights, the network has 30"),
        (lambda file: of_parts(file, points=torch.ones(0, 30), t=torch.ones(0).double()), "holds 0 points and 0 of"),
        (lambda file: of_parts(file, t=torch.ones(())), "t are float32 of the shape ()"),
        (
            lambda file: write_tensors(file.parents[2] / "data/0.safetensors", {"x": torch.ones(2)}, {"study": "tcm"}),
            "TreeCommittee, data set 0: the data set has no tensor 'patterns' (it has x)",
        ),
        (lambda file: (file.parents[2] / "data/0.safetensors").unlink(), "dvc pull (stage tcm_data"),
        (lambda file: (file.parents[2] / "solutions/0-1.safetensors").unlink(), "dvc pull (stage tcm_solutions"),
        (lambda file: cut(file.with_suffix(".csv")), "0-0-1.csv: not a whole table"),
        (lambda file: cut(file.parents[2] / "data/0.safetensors"), "0.safetensors: not a whole"),
        (lambda file: (file.unlink(), file.mkdir()), f"{PATH_FILE}: is a folder, not a file"),
        (lambda file: (file.unlink(), os.mkfifo(file)), f"{PATH_FILE}: is a pipe, a socket or a device"),
        (lambda file: (file.unlink(), file.symlink_to("/dev/zero")), f"{PATH_FILE}: is a pipe, a socket or a device"),
        (lambda file: (file.unlink(), file.symlink_to(file)), f"{PATH_FILE}: cannot be read"),
        (lambda file: file.write_bytes(b"\xff" * 8 + b"{}"), f"{PATH_FILE}: not a whole safetensors file"),
        (lambda file: file.write_bytes(struct.pack("<Q", 2**40) + b"{}"), "not a whole safetensors file"),
        (lambda file: file.write_bytes(struct.pack("<Q", 200_000) + b"[" * 200_000), "not a whole safetensors file"),
    ],
)
def test_input_that_cannot_be_judged_is_one_sentence(tmp_path, capsys, spoil, says):
    file = committee_path(tmp_path, points=3)
    spoil(file)
    assert verify(file) == 2
    out, err = capsys.readouterr()
    assert not out
    (line,) = err.splitlines()
    assert line.startswith("error: ")
    assert says in line


def test_a_path_without_its_table_is_verified_but_for_its_steps(tmp_path, capsys):
    file = committee_path(tmp_path, points=3)
    file.with_suffix(".csv").unlink()
    assert verify(file) == 0
    line = capsys.readouterr().out.splitlines()[1]
    assert "table" not in line
    assert line.endswith("provenance, steps_digest, steps, gradients, evaluations")


def rewrite(file: Path, **changes: str) -> None:
    tensors, header = read_tensors(file)
    write_tensors(file, tensors, header | changes)


def test_wrong_parameters_are_one_sentence(tmp_path, capsys):
    file = committee_path(tmp_path, points=3)
    (tmp_path / "list.yaml").write_text("[1, 2]")
    (tmp_path / "broken.yaml").write_text("a: [1")
    for name in ("list.yaml", "broken.yaml", "none.yaml"):
        assert verify(file, params=tmp_path / name) == 2
        (line,) = capsys.readouterr().err.splitlines()
        assert name in line


def test_a_misnamed_file_is_one_sentence(tmp_path, capsys):
    file = committee_path(tmp_path, points=3)
    table = file.with_suffix(".csv")
    for other in (table, file.rename(file.with_name("path.safetensors")), Path(__file__), Path("/dev/zero")):
        assert verify(other) == 2
        assert "is not called <dataset>-<a>-<b>.safetensors" in capsys.readouterr().err


class TwoLayers(NetworkProblem):
    """Logits V W x of two inputs, one on each axis, both of class 0."""

    def __init__(self) -> None:
        super().__init__({"train": (torch.eye(2), torch.zeros(2, dtype=torch.int64))})

    def build_network(self) -> nn.Module:
        return nn.Sequential(nn.Linear(2, 2, bias=False), nn.Linear(2, 2, bias=False))


def two_layers(at: float, width: float) -> Tensor:
    """Weights whose margins are at^2 - width^2 and 1."""
    w, v = [[at + width, 0], [0, 1]], [[(at - width) / 2, 0.5], [(width - at) / 2, -0.5]]
    return torch.tensor([w, v], dtype=torch.float64).flatten()


class OneLogit(NetworkProblem):
    """A single logit w x of the inputs 1 and -1, of the classes 1 and 0."""

    def __init__(self) -> None:
        super().__init__({"train": (torch.tensor([[1.0], [-1.0]]), torch.tensor([1, 0]))})

    def build_network(self) -> nn.Module:
        return nn.Linear(1, 1, bias=False)


class Words(NetworkProblem):
    """Logits of three words, which are whole numbers: the rows of a table."""

    def __init__(self) -> None:
        super().__init__({"train": (torch.arange(3), torch.tensor([0, 1, 1]))})

    def build_network(self) -> nn.Module:
        return nn.Embedding(3, 2)


def test_a_single_logit_is_the_one_of_class_1_against_0():
    found = NetworkCheck(OneLogit()).segments(torch.tensor([[0.5], [2.0]], dtype=torch.float64))
    assert found.failure is None
    assert found.min_margin == 0.5
    failure = NetworkCheck(OneLogit()).segments(torch.tensor([[0.5], [-1.0]], dtype=torch.float64)).failure
    assert failure is not None
    assert failure.errors == 2


def test_whole_numbers_stay_whole():
    points = torch.tensor([[1.0, 0, 0, 1, 0, 1], [3.0, 0, 0, 2, 0, 2]], dtype=torch.float64)
    found = NetworkCheck(Words()).segments(points)
    assert (found.failure, found.min_margin) == (None, 1.0)


@pytest.mark.parametrize(("width", "grids", "errors"), [(0.02, 3, 1), (1e-4, 4, 0)])
def test_the_grid_gets_finer_where_one_margin_comes_close_to_zero(width, grids, errors):
    problem = TwoLayers()
    points = torch.stack([two_layers(-1.0, width), two_layers(1.0, width)])
    assert problem.evaluate(points.float(), torch.zeros(2)).errors.tolist() == [0, 0]
    found = NetworkCheck(problem).segments(points)
    assert found.tested == sum(GRIDS[:grids]) + 1  # and the last point
    if errors:
        assert found.failure is not None
        assert abs(2 * found.failure.at - 1) < width
        assert found.failure.errors == errors
    else:
        assert found.failure is None  # too narrow for the finest grid
        assert found.min_margin == pytest.approx((2 * nearest_of_grids() - 1) ** 2 - width**2, rel=1e-9)


def test_what_the_certificate_leaves_open_does_not_hold_though_the_check_saw_nothing():
    problem, points = TwoLayers(), torch.stack([two_layers(-1.0, 1e-4), two_layers(1.0, 1e-4)]).float()
    claims = SimpleNamespace(status=Status.ARRIVED)
    artifact = SimpleNamespace(problem=problem, points=points, end=points[-1], resolution=1 / 64, claims=claims)
    assert NetworkCheck(problem).segments(points.double()).failure is None
    (wrong,) = wrong_status(artifact, recompute(artifact), holds=True)
    assert wrong.startswith("segment 0 is not certified, smallest margin -")


def nearest_of_grids() -> float:
    """The time in any grid that is nearest to the middle."""
    times = [(number + (5**0.5 - 1) / 2) / count for count in GRIDS for number in range(count)]
    return min(times, key=lambda time: abs(time - 0.5))


def test_bisection_finds_what_dense_samples_find():
    random = torch.Generator().manual_seed(3)
    check = CommitteeCheck(PATTERNS["patterns"], PATTERNS["labels"], 3, 0.5)
    verdicts = []
    for number in range(15):
        start, end = torch.randn(2, 30, generator=random, dtype=torch.float64)
        start, end = (trained_from(weights) for weights in (start, start + number / 15 * (end - start)))
        found = check.segments(torch.stack([start, end]))
        times = torch.linspace(0, 1, 301, dtype=torch.float64).tolist()
        margins = [
            float((plain_committee_outputs((1 - t) * start + t * end, PATTERNS["patterns"], 3, 0.5) * LABELS).min())
            for t in times
        ]
        if found.failure is None:
            assert min(margins) > 0
        else:
            t = found.failure.at
            outputs = plain_committee_outputs((1 - t) * start + t * end, PATTERNS["patterns"], 3, 0.5)
            assert int((outputs * LABELS <= 0).sum()) == found.failure.errors > 0
        verdicts.append(found.failure is None)
    assert 0 < sum(verdicts) < 15


LABELS = PATTERNS["labels"].double()


def trained_from(weights: Tensor) -> Tensor:
    problem = TreeCommittee([PATTERNS], hidden=3, input_scale=0.5, initial_sigma=0.06)
    rows = weights.unsqueeze(0)
    for _ in range(30):
        rows = rows - problem.gradients(rows, ZERO)[1]
    return rows[0]
