"""Networks trained by a named optimiser of torch: points in weight space, and a table with a row an epoch.

The data lie on the device as one tensor, and batches are rows of it. All that is random in a step (dropout, changes of
images) is drawn from a stream of that step's own, so that a run that goes on inside an epoch draws what it would have.
"""

import warnings
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import pandas as pd
import torch
from torch import Tensor, nn
from torch.nn import functional
from torch.optim import Optimizer
from torch.optim.lr_scheduler import LRScheduler

from ramble.problems.network import NetworkProblem
from ramble.problems.problem import Split
from ramble.problems.seeds import derive_seed
from ramble.store.checkpoints import Checkpoint, State, checked
from ramble.store.progress import Progress
from ramble.training.augmentation import augmented
from ramble.training.named import initialise, named_optimiser, named_schedule
from ramble.training.run_settings import RunSettings

LOOK = 500  # samples evaluated at a time
COUNTS = ("epoch", "step", "diverged")  # of a run, which its checkpoint keeps
COLUMNS = (
    "epoch",
    "steps",
    "rate",
    "minibatch_loss",
    "minibatch_accuracy",
    "train_loss",
    "train_accuracy",
    "validation_loss",
    "validation_accuracy",
)


@dataclass(frozen=True)
class Task:
    """One run that is asked for.

    Attributes:
        problem: the network and its data.
        settings: how it is trained.
        validation: the split that nothing is trained on, and that is looked at after every epoch.
        seed: the root seed.
        study: whose run it is, for streams and sentences.
        run: what its settings are called, likewise.
        number: of the run among those of the same settings.
    """

    problem: NetworkProblem
    settings: RunSettings
    validation: Split
    seed: int
    study: str
    run: str
    number: int

    @property
    def where(self) -> str:
        """Name the settings in sentences."""
        return f"studies.{self.study}, run {self.run}"

    @property
    def batches(self) -> int:
        """Steps of an epoch."""
        return -(-self.problem.n_samples // self.settings.batch)

    def stream(self, *names: str | int) -> int:
        """Return the seed of a random stream; runs of one number share them, whatever their settings are."""
        return derive_seed(self.seed, self.study, self.number, *names)


@dataclass(frozen=True)
class TrainedRun:
    """What a run left.

    Attributes:
        points: weights (T, P) after the chosen epochs.
        epochs: of each point.
        table: a row an epoch, the network before training being epoch 0; see `COLUMNS`. Losses are means in nats,
            accuracies shares. Those of training and validation are taken in evaluation mode after the epoch; those of
            minibatches are means over the epoch's own steps, each taken before its step, as the network was then.
        diverged: whether the weights were no longer finite numbers, which ends a run.
    """

    points: Tensor
    epochs: list[int]
    table: pd.DataFrame
    diverged: bool


@dataclass
class Run:
    """Where a run stands."""

    network: nn.Module
    optimiser: Optimizer
    schedule: LRScheduler | None
    sums: Tensor  # (2,) loss and correct answers, summed over the samples of this epoch's steps
    epoch: int = 0  # finished
    step: int = 0  # finished in the epoch that has begun
    diverged: bool = False
    rows: list[dict[str, float]] = field(default_factory=list)
    points: list[Tensor] = field(default_factory=list)
    kept: list[int] = field(default_factory=list)  # epochs of the points


def train_run(task: Task, checkpoint: Checkpoint) -> TrainedRun:
    """Train one network, or go on with it.

    A network whose weights are no longer finite numbers is not trained on: its table ends with the epoch in which that
    happened, whose losses are no numbers.

    Args:
        task: see `Task`.
        checkpoint: taken up where it holds a state, and written between steps.

    Raises:
        RambleError: torch knows no such optimiser, schedule or initialisation; or the checkpoint is of other settings.
    """
    settings, devices = task.settings, [task.problem.device] if task.problem.device.type == "cuda" else []
    label = f"{task.study}: {task.run}-{task.number}"
    with torch.random.fork_rng(devices), Progress(label, settings.epochs * task.batches) as progress:
        run = checkpoint.resume(partial(_taken_up, task)) or _begin(task)
        progress.resume(run.epoch * task.batches + run.step)
        while run.epoch < settings.epochs and not run.diverged:
            train_epoch(task, run, partial(_pause, task, run, checkpoint, progress))
            _look(task, run)
            if checkpoint.due:
                _keep(checkpoint, run)
    return TrainedRun(torch.stack(run.points), run.kept, pd.DataFrame(run.rows, columns=COLUMNS), run.diverged)


def built(task: Task) -> Run:
    """Return a run before its first step, its network initialised and on the device."""
    torch.manual_seed(task.stream("initial"))
    network = task.problem.build_network()
    initialise(task.where, network, task.settings.initialisation)
    network.to(task.problem.device, memory_format=_order(task.problem))  # type: ignore[call-overload]
    moving = [weight for weight in network.parameters() if weight.requires_grad]
    optimiser = named_optimiser(task.where, task.settings.optimiser, moving)
    wanted = task.settings.schedule
    schedule = named_schedule(task.where, wanted, optimiser) if wanted else None
    return Run(network, optimiser, schedule, torch.zeros(2, dtype=torch.float64, device=task.problem.device))


def _order(problem: NetworkProblem) -> torch.memory_format:
    return torch.channels_last if problem.channels_last else torch.contiguous_format


def _begin(task: Task) -> Run:
    run = built(task)
    _look(task, run)
    return run


def train_epoch(task: Task, run: Run, pause: Callable[[], object]) -> None:
    """Take the steps that are left of the epoch that has begun; `pause` is called after each."""
    inputs, labels = task.problem.data("train")
    order = torch.randperm(len(labels), generator=torch.Generator().manual_seed(task.stream("batches", run.epoch)))
    batches = torch.split(order.to(task.problem.device), task.settings.batch)
    run.network.train()
    for samples in batches[run.step :]:
        torch.manual_seed(task.stream("step", run.epoch, run.step))
        _step(task, run, inputs[samples], labels[samples])
        run.step += 1
        pause()
    run.epoch, run.step = run.epoch + 1, 0
    if run.schedule and task.settings.schedule and task.settings.schedule.every == "epoch":
        run.schedule.step()


def _pause(task: Task, run: Run, checkpoint: Checkpoint, progress: Progress) -> None:
    progress.advance(1, epoch=run.epoch + 1)
    if checkpoint.due and run.step < task.batches:  # the last step is followed by a look, which a state is to hold too
        _keep(checkpoint, run)


def _step(task: Task, run: Run, images: Tensor, labels: Tensor) -> None:
    if images.dim() == 4:
        images = augmented(images, task.settings.augmentation).contiguous(memory_format=_order(task.problem))
    run.optimiser.zero_grad()
    logits = run.network(images)
    loss = functional.cross_entropy(logits, labels)
    torch.autograd.backward(loss)
    run.optimiser.step()
    if run.schedule and task.settings.schedule and task.settings.schedule.every == "step":
        run.schedule.step()
    with torch.no_grad():
        run.sums += torch.stack([loss.double() * len(labels), _right(logits, labels).sum().double()])


@torch.no_grad()
def _look(task: Task, run: Run) -> None:
    """Add a row to the table for the epochs so far, and a point where one is asked for."""
    settings, samples = task.settings, task.problem.n_samples
    seen = (run.sums / samples).tolist() if run.epoch else [float("nan")] * 2
    run.sums.zero_()
    train, validation = (evaluated(run.network, *task.problem.data(split)) for split in ("train", task.validation))
    rate = float(run.optimiser.param_groups[0]["lr"])
    values = [run.epoch, run.epoch * task.batches, rate, *seen, *train, *validation]
    run.rows.append(dict(zip(COLUMNS, values, strict=True)))
    weights = task.problem.flatten(run.network.state_dict()).cpu()
    run.diverged = not bool(weights.isfinite().all())
    if run.epoch in settings.points or run.epoch == settings.epochs or run.diverged:
        run.points.append(weights)
        run.kept.append(run.epoch)


@torch.no_grad()
def evaluated(network: nn.Module, inputs: Tensor, labels: Tensor) -> tuple[float, float]:
    """Return the mean loss (nats) and the accuracy of a network in evaluation mode.

    The answer is the class of the largest output, the first of several. Outputs that are no finite numbers are wrong.
    """
    network.eval()
    loss, right = torch.zeros((), dtype=torch.float64, device=inputs.device), 0
    for some, own in zip(torch.split(inputs, LOOK), torch.split(labels, LOOK), strict=True):
        logits = network(some)
        loss += functional.cross_entropy(logits, own, reduction="none").double().sum()
        right += int(_right(logits, own).sum())
    return float(loss) / len(labels), right / len(labels)


def _right(logits: Tensor, labels: Tensor) -> Tensor:
    return (logits.argmax(1) == labels) & logits.isfinite().all(1)


def _keep(checkpoint: Checkpoint, run: Run) -> None:
    state = run.optimiser.state_dict()
    tensors = {f"network.{name}": value for name, value in run.network.state_dict().items()}
    numbers: list[tuple[int, str, Any]] = []
    for number, own in state["state"].items():
        for name, value in own.items():
            if isinstance(value, Tensor):
                tensors[f"optimiser.{number}.{name}"] = value
            else:
                numbers.append((number, name, value))
    points = {"points": torch.stack(run.points)} if run.points else {}
    facts = {name: getattr(run, name) for name in COUNTS}
    others = {"rows": run.rows, "kept": run.kept, "groups": state["param_groups"], "numbers": numbers}
    checkpoint.save(tensors | points | {"sums": run.sums}, facts | others)


def _taken_up(task: Task, state: State) -> Run:
    """Return the run that a checkpoint holds."""
    run, facts = built(task), state.facts
    for name, value in checked(Run, {name: facts[name] for name in COUNTS}, COUNTS).items():
        setattr(run, name, value)
    for name, own in run.network.state_dict().items():
        own.copy_(state.tensor(f"network.{name}", *own.shape))
    _replay(task, run)
    found: dict[int, dict[str, Any]] = {}
    for name, value in state.tensors.items():
        if name.startswith("optimiser."):
            _, number, own_name = name.split(".", 2)
            found.setdefault(int(number), {})[own_name] = value
    for number, own_name, value in facts["numbers"]:
        found.setdefault(number, {})[own_name] = value
    run.optimiser.load_state_dict({"state": found, "param_groups": facts["groups"]})
    run.sums.copy_(state.tensor("sums", 2))
    run.rows, run.kept = list(facts["rows"]), list(facts["kept"])
    run.points = list(state.tensor("points", len(run.kept), task.problem.n_weights)) if run.kept else []
    return run


def _replay(task: Task, run: Run) -> None:
    """Step the schedule as often as it was, on the rate that it began with: what it holds follows from that."""
    if run.schedule and task.settings.schedule:
        steps = run.epoch * task.batches + run.step if task.settings.schedule.every == "step" else run.epoch
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # that it is stepped before the optimiser
            for _ in range(steps):
                run.schedule.step()
