"""Runs by optimisers of torch: steps are those of a plain loop, and a run that was killed ends as one that was not."""

from pathlib import Path

import pandas as pd
import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional

from ramble.errors import RambleError
from ramble.problems.network import NetworkProblem
from ramble.store.checkpoints import Checkpoint
from ramble.training import runs
from ramble.training.augmentation import augmented
from ramble.training.named import check_named, initialise
from ramble.training.run_settings import Augmentation, Drawing, Initialisation, Optimiser, RunSettings, Schedule
from ramble.training.runs import COLUMNS, Task, TrainedRun, evaluated, train_run


class Small(NetworkProblem):
    """Images of 6 x 6 pixels in three classes, with batch norm and dropout."""

    def build_network(self) -> nn.Module:
        convolution = [nn.Conv2d(2, 4, 3), nn.BatchNorm2d(4), nn.ReLU(), nn.Flatten(), nn.Dropout(0.3)]
        return nn.Sequential(*convolution, nn.Linear(64, 3))


def images(seed: int, count: int) -> tuple[Tensor, Tensor]:
    random = torch.Generator().manual_seed(seed)
    return torch.randn(count, 2, 6, 6, generator=random), torch.arange(count) % 3


PROBLEM = Small({"train": images(1, 22), "test": images(2, 9)}, batch_norm="reestimate")
ADAM = Optimiser(name="Adam", arguments={"lr": 1e-2})


def settings(**changes) -> RunSettings:
    values = {"optimiser": ADAM, "batch": 5, "epochs": 3, "points": [0, 2]} | changes
    return RunSettings(**values)


def run(folder: Path, wanted: RunSettings, every: float = 1e9, number: int = 0) -> TrainedRun:
    checkpoint = Checkpoint(folder / "a.safetensors", "key", every)
    return train_run(Task(PROBLEM, wanted, "test", 5, "study", "run", number), checkpoint)


def assert_same(one: TrainedRun, other: TrainedRun) -> None:
    assert torch.equal(one.points, other.points)
    assert one.epochs == other.epochs
    pd.testing.assert_frame_equal(one.table, other.table, check_exact=True)


def test_steps_are_those_of_a_plain_loop(tmp_path):
    wanted = settings(schedule=Schedule(name="StepLR", arguments={"step_size": 2, "gamma": 0.1}))
    found, task = run(tmp_path, wanted), Task(PROBLEM, wanted, "test", 5, "study", "run", 0)
    torch.manual_seed(task.stream("initial"))
    network = PROBLEM.build_network()
    optimiser = torch.optim.Adam(network.parameters(), lr=1e-2)
    inputs, labels = PROBLEM.data("train")
    losses, weights = [], [PROBLEM.flatten(network.state_dict())]
    for epoch in range(3):
        order = torch.randperm(22, generator=torch.Generator().manual_seed(task.stream("batches", epoch)))
        network.train()
        total = 0.0
        for step, samples in enumerate(order.split(5)):
            torch.manual_seed(task.stream("step", epoch, step))
            optimiser.zero_grad()
            loss = functional.cross_entropy(network(inputs[samples]), labels[samples])
            loss.backward()
            optimiser.step()
            total += float(loss.detach()) * len(samples)
        losses.append(total / 22)
        weights.append(PROBLEM.flatten(network.state_dict()))
        optimiser.param_groups[0]["lr"] = 1e-2 if epoch < 1 else 1e-3
    assert found.epochs == [0, 2, 3]
    torch.testing.assert_close(
        found.points, torch.stack([weights[epoch] for epoch in found.epochs]), rtol=1e-6, atol=1e-6
    )
    assert found.table.minibatch_loss.tolist()[1:] == pytest.approx(losses, rel=1e-5)
    assert found.table.rate.tolist() == pytest.approx([1e-2, 1e-2, 1e-3, 1e-3])
    loss, accuracy = evaluated(network, *PROBLEM.data("test"))
    assert found.table.validation_loss.iloc[-1] == pytest.approx(loss, rel=1e-5)
    assert found.table.validation_accuracy.iloc[-1] == accuracy


def test_the_table_has_a_row_an_epoch(tmp_path):
    table = run(tmp_path, settings()).table
    assert tuple(table.columns) == COLUMNS
    assert table.epoch.tolist() == [0, 1, 2, 3]
    assert table.steps.tolist() == [0, 5, 10, 15]
    assert table.minibatch_loss.isna().tolist() == [True, False, False, False]
    assert (table.train_loss > 0).all()
    assert table.train_accuracy.between(0, 1).all()


class KilledError(Exception):
    """What stands for a signal."""


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"optimiser": Optimiser(name="SGD", arguments={"lr": 0.05, "momentum": 0.9, "weight_decay": 0.01})},
        {"schedule": Schedule(name="OneCycleLR", arguments={"max_lr": 0.02, "total_steps": 15}, every="step")},
        {"optimiser": Optimiser(name="Rprop"), "augmentation": Augmentation(flip=True, crop=1)},
    ],
)
def test_a_run_that_was_killed_ends_as_one_that_was_not(tmp_path, monkeypatch, changes):
    wanted = settings(**changes)
    whole = run(tmp_path, wanted)
    plain, steps = runs._step, 0

    def killed_now_and_then(*arguments) -> None:
        nonlocal steps
        plain(*arguments)
        steps += 1
        if steps % 4 == 0:
            raise KilledError

    monkeypatch.setattr(runs, "_step", killed_now_and_then)
    for _ in range(20):
        try:
            found = run(tmp_path, wanted, every=0.0)
            break
        except KilledError:
            assert (tmp_path / "a.safetensors").exists()
    assert steps > 15, "some steps were taken twice"
    assert_same(found, whole)


def test_runs_of_other_numbers_differ_and_equal_ones_do_not(tmp_path):
    first = run(tmp_path, settings())
    assert_same(run(tmp_path, settings()), first)
    assert not torch.equal(run(tmp_path, settings(), number=1).points, first.points)


def test_a_run_leaves_the_global_stream_of_torch_alone(tmp_path):
    torch.manual_seed(3)
    wanted = torch.rand(2)
    torch.manual_seed(3)
    run(tmp_path, settings(epochs=1, points=[]))
    assert torch.equal(torch.rand(2), wanted)


@pytest.mark.filterwarnings("ignore::RuntimeWarning")
def test_a_run_whose_weights_are_no_numbers_ends_and_says_so(tmp_path):
    found = run(tmp_path, settings(optimiser=Optimiser(name="SGD", arguments={"lr": 1e38})))
    assert found.diverged
    assert found.epochs[-1] == found.table.epoch.iloc[-1] < 3
    assert found.table.train_accuracy.iloc[-1] == 0


def test_initialisations_are_those_of_torch():
    network = PROBLEM.build_network()
    own = [network[1].weight.clone(), network[0].bias.clone()]
    initialise("run", network, Initialisation(weights=Drawing(name="constant_", arguments={"val": 2.0})))
    assert all(bool((network[layer].weight == 2).all()) for layer in (0, 5))
    assert torch.equal(network[1].weight, own[0]), "batch norm is left as it was"
    assert torch.equal(network[0].bias, own[1])
    torch.manual_seed(4)
    initialise("run", network, Initialisation(weights=Drawing(name="kaiming_normal_"), biases="uniform"))
    torch.manual_seed(4)
    assert torch.equal(network[0].weight, nn.init.kaiming_normal_(torch.empty(4, 2, 3, 3)))
    assert 0 < float(network[5].bias.detach().abs().max()) <= 1 / 8
    initialise("run", network, Initialisation(biases="zero"))
    assert not network[5].bias.any()
    torch.manual_seed(6)
    initialise("run", network, Initialisation(weights=Drawing(name="xavier_uniform_")))
    torch.manual_seed(6)
    assert torch.equal(network[0].weight, nn.init.xavier_uniform_(torch.empty(4, 2, 3, 3)))


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"optimiser": Optimiser(name="Adamm")}, "optimiser.name: torch.optim has no 'Adamm'; it has Adam"),
        ({"optimiser": Optimiser(name="lr_scheduler")}, "torch.optim has no 'lr_scheduler'"),
        ({"optimiser": Optimiser(name="LBFGS")}, "torch.optim.LBFGS takes no steps by one gradient each"),
        (
            {"optimiser": Optimiser(name="Adam", arguments={"rate": 1.0})},
            "optimiser.arguments: torch.optim.Adam cannot",
        ),
        ({"optimiser": Optimiser(name="Adam", arguments={"lr": -1.0})}, "does not take these values"),
        ({"optimiser": Optimiser(name="SGD", arguments={"lr": "much"})}, "does not take these values"),
        ({"schedule": Schedule(name="Cosine")}, "schedule.name: torch.optim.lr_scheduler has no 'Cosine'"),
        ({"schedule": Schedule(name="StepLR")}, "StepLR cannot be called with none"),
        ({"schedule": Schedule(name="ReduceLROnPlateau")}, "needs more than steps"),
        ({"initialisation": Initialisation(weights=Drawing(name="kaiming_"))}, "torch.nn.init has no 'kaiming_'"),
        (
            {"initialisation": Initialisation(weights=Drawing(name="constant_", arguments={"value": 0}))},
            "torch.nn.init.constant_ cannot be called with value",
        ),
    ],
)
def test_wrong_names_and_arguments_are_one_sentence(changes, sentence):
    with pytest.raises(RambleError) as caught:
        check_named("studies.a, run b", settings(**changes))
    assert sentence in str(caught.value)
    assert str(caught.value).startswith("studies.a, run b: ")
    assert "\n" not in str(caught.value)


def test_a_function_that_cannot_draw_a_tensor_is_named():
    with pytest.raises(RambleError, match=r"cannot draw 0.weight of the shape \(4, 2, 3, 3\)"):
        initialise("run", PROBLEM.build_network(), Initialisation(weights=Drawing(name="eye_")))


def test_images_are_flipped_and_cut_out_of_a_frame():
    image = torch.arange(1.0, 37.0).view(1, 1, 6, 6).expand(64, 2, 6, 6)
    assert augmented(image, Augmentation()) is image
    torch.manual_seed(1)
    flipped = augmented(image, Augmentation(flip=True))
    same = [torch.equal(one, image[0]) for one in flipped]
    assert 16 < sum(same) < 48
    assert all(torch.equal(one, image[0].flip(2)) for one, alike in zip(flipped, same, strict=True) if not alike)
    framed = functional.pad(image[0], [2] * 4)
    windows = [framed[:, down : down + 6, right : right + 6] for down in range(5) for right in range(5)]
    places = [
        [torch.equal(one, window) for window in windows].index(True) for one in augmented(image, Augmentation(crop=2))
    ]
    assert len(set(places)) > 10
