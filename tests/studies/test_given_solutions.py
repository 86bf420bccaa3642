"""Solutions of a study that are checkpoints of others."""

import re

import pytest
import torch
from pydantic import ValidationError
from small_problems import WideProblem, wide_problem
from torch import Tensor, nn

from ramble.errors import RambleError
from ramble.parameters.document import read_parameters
from ramble.store.tensors import read_tensors
from ramble.studies.paths.given import given_solutions
from ramble.studies.paths.solutions import write_solutions
from ramble.training.descent_settings import Recipe

ZERO = torch.zeros(1, dtype=torch.long)
STUDY = """\
seed: 1
paper: [given]
studies:
  given:
    kind: paths
    data: {{path: ramble.problems.mnist.mnist_images, arguments: {{data_root: data, train: 9, test: 9}}{datasets}}}
    problem: {{path: ramble.problems.lenet.LeNet5Problem, arguments: {{input_mean: 0.1, input_std: 0.3}}}}
    solutions: {solutions}
    trackers: {{line: {{}}}}
    spectra: {{engine: krylov, trackers: []}}
  graph: {{kind: connectivity, of: {of}, datasets: 1, solutions: 3, batch: 3, pairs_at_once: 3, line_points: 5}}
"""


@pytest.fixture(scope="module")
def problem() -> WideProblem:
    return wide_problem()


def solved(problem: WideProblem, seed: int) -> Tensor:
    weights = problem.initial_weights(torch.Generator().manual_seed(seed)).unsqueeze(0)
    for _ in range(2000):
        weights = weights - 0.2 * problem.gradients(weights, ZERO)[1]
    assert problem.evaluate(weights, ZERO).errors.tolist() == [0]
    return weights[0]


def test_checkpoints_become_solutions_as_the_contract_asks(problem, tmp_path):
    weights = [solved(problem, seed) for seed in (1, 2)]
    files = [str(tmp_path / name) for name in ("a.pt", "b.pth")]
    torch.save(problem.network(weights[0]).state_dict(), files[0])
    torch.save({"state_dict": nn.DataParallel(problem.network(weights[1])).state_dict()}, files[1])
    found = given_solutions(problem, "mine", files)
    assert all(torch.equal(one.weights, own) for one, own in zip(found, weights, strict=True))
    outputs = [str(tmp_path / f"0-{seed}.safetensors") for seed in (0, 1)]
    write_solutions(problem, "mine", found, 2, outputs, str(tmp_path / "pairs.csv"))
    for seed, output in enumerate(outputs):
        state, header = read_tensors(output)
        assert torch.equal(problem.weights_of(state), weights[seed])
        assert (header["seed"], header["steps"], header["train_errors"]) == (str(seed), "0", "0")


def test_what_is_no_pair_of_solutions_is_one_sentence(problem, tmp_path):
    state = problem.network(solved(problem, 1)).state_dict()
    torch.save(state, tmp_path / "a.pt")
    torch.save(state, tmp_path / "again.pt")
    torch.save({name: -value for name, value in state.items()}, tmp_path / "wrong.pt")
    torch.save({"weight": torch.ones(2)}, tmp_path / "other.pt")
    for name, sentence in (
        ("again.pt", "hold the same weights"),
        ("wrong.pt", r"makes \d+ training errors; train it on"),
        ("other.pt", "give a checkpoint of the network that problem.path names"),
        ("missing.pt", "is missing"),
    ):
        with pytest.raises(RambleError, match=sentence):
            given_solutions(problem, "mine", [str(tmp_path / "a.pt"), str(tmp_path / name)])


def parameters(tmp_path, solutions="{files: [a.pt, b.pt]}", of="other", datasets=""):
    (tmp_path / "params.yaml").write_text(STUDY.format(solutions=solutions, of=of, datasets=datasets))
    return read_parameters([tmp_path / "params.yaml"])


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"of": "given"}, "the solutions of study 'given' are files, and this study trains networks of its own"),
        ({"solutions": "{files: [a.pt, b.pt], rate: 0.1}"}, "files take the place of a search, so rate say nothing"),
        ({"solutions": "{files: [a.pt, a.pt]}"}, "is no list of different checkpoints"),
        ({"solutions": "{files: [a.pt]}"}, "count = 1 makes no pair"),
        ({"datasets": ", datasets: 2"}, "solutions.files are networks of one data set"),
    ],
)
def test_files_that_make_no_study_are_refused_when_parameters_are_read(tmp_path, changes, sentence):
    with pytest.raises(RambleError, match=re.escape(sentence)):
        parameters(tmp_path, **changes)


def test_files_are_as_many_solutions_and_leave_digests_of_other_recipes_alone():
    assert Recipe(files=["a.pt", "b.pt", "c.pt"]).count == 3
    assert "files" not in Recipe().model_dump()
    assert Recipe(files=["a.pt", "b.pt"]).model_dump()["files"] == ["a.pt", "b.pt"]
    with pytest.raises(ValidationError, match="files = 3 is no list"):
        Recipe.model_validate({"files": 3})
