"""Solutions of large training sets: stochastic gradient descent, then on the hardest samples until margins are wide.

Plain epochs come within some dozen errors soon and need two or three times as long for the last of them. Rounds of
batches that hold the hardest samples most often, at a falling rate, finish in the gradients of a few epochs and leave
every margin wide enough to walk away from.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

import torch
from torch import Tensor

from ramble.errors import RambleError
from ramble.problems.minibatches import Hardest, epoch
from ramble.problems.network import NetworkProblem
from ramble.problems.seeds import generator
from ramble.store.checkpoints import Checkpoint, State, checked
from ramble.store.progress import Progress
from ramble.training.descent import Solution
from ramble.training.divergence import refuse_divergence
from ramble.training.step import minibatch_step, nesterov_step, one_cycle
from ramble.training.stochastic_settings import StochasticRecipe

COUNTS = ("epochs", "rounds", "steps")  # of a run, in the order in which a checkpoint keeps them


@dataclass
class _Run:
    """Where the training of one network stands."""

    weights: Tensor  # (P,)
    velocity: Tensor  # (P,)
    hardest: Hardest  # as seen in the rounds
    random: torch.Generator
    epochs: int = 0
    rounds: int = 0
    steps: int = 0

    def pass_over(self, problem: NetworkProblem, recipe: StochasticRecipe) -> None:
        """Train for an epoch."""
        batches = epoch(problem.n_samples, recipe.batch, self.random)
        for samples in batches:
            cycles = recipe.schedule == "one-cycle"
            share = one_cycle((self.steps + 1) / (recipe.epochs * len(batches))) if cycles else 1.0
            self._step(problem, samples, recipe, recipe.rate * share)
        self.epochs += 1

    def drill(self, problem: NetworkProblem, recipe: StochasticRecipe) -> None:
        """Train for a round on the hardest samples."""
        rate = (recipe.fine_rate or recipe.rate) * recipe.decay**self.rounds
        for samples in self.hardest.draw((recipe.round_steps, recipe.batch), recipe.focus, self.random):
            self._step(problem, samples, recipe, rate)
        self.rounds += 1

    def _step(self, problem: NetworkProblem, samples: Tensor, recipe: StochasticRecipe, rate: float) -> None:
        weights, velocity = self.weights[None], self.velocity[None]
        if recipe.momentum:
            weights, velocity = nesterov_step(problem, weights, velocity, samples, rate, recipe.momentum)
        else:
            weights = minibatch_step(problem, weights, samples, rate)
        (self.weights,), (self.velocity,) = weights, velocity
        self.steps += 1


def find_stochastic_solutions(
    problem: NetworkProblem, seed: int, name: str, recipe: StochasticRecipe, checkpoint: Checkpoint
) -> list[Solution]:
    """Train `recipe.count` networks one after the other, each from a random stream of its own.

    Args:
        problem: the network and its one training set.
        seed: the root seed.
        name: of the study, for the streams.
        recipe: how they are found.
        checkpoint: taken up where it holds a state, and written after epochs and rounds.

    Raises:
        RambleError: samples that contradict each other force more errors than are allowed, a network still makes errors
            after `max_rounds`, its weights are no longer finite, or the checkpoint is of other settings.
    """
    problem.refuse_unavoidable()
    finished, run = checkpoint.resume(partial(_taken_up, problem)) or ([], None)
    solutions = [_solution(problem, recipe, name, number, done) for number, done in enumerate(finished)]
    while len(finished) < recipe.count:
        number = len(finished)
        run = run or _begin(problem, seed, name, number)
        with Progress(
            f"{name}: solution {number + 1} of {recipe.count}", recipe.epochs + recipe.max_rounds
        ) as progress:
            progress.resume(run.epochs + run.rounds)
            pause = partial(_keep, checkpoint, finished, run)
            _train(problem, recipe, run, progress, pause, f"studies.{name}.solutions")
        solutions.append(_solution(problem, recipe, name, number, run))
        finished, run = [*finished, run], None
    return solutions


def _begin(problem: NetworkProblem, seed: int, name: str, number: int) -> _Run:
    weights = problem.initial_weights(generator(seed, name, "initial", 0, number))
    unseen = torch.full((problem.n_samples,), -torch.inf, device=problem.device)
    weights, batches = weights.to(problem.device), generator(seed, name, "batches", 0, number)
    return _Run(weights, torch.zeros_like(weights), Hardest(unseen, problem.max_errors), batches)


def _train(
    problem: NetworkProblem,
    recipe: StochasticRecipe,
    run: _Run,
    progress: Progress,
    pause: Callable[[], None],
    where: str,
) -> None:
    """Train a network until its margins are wide or the budget is spent; `pause` is called between passes.

    Raises RambleError naming the rate among the parameters at `where` when the weights are no longer finite.
    """
    while run.epochs < recipe.epochs:
        run.pass_over(problem, recipe)
        refuse_divergence(run.weights, f"{where}.rate", recipe.rate, f"in epoch {run.epochs}")
        progress.advance(1, epoch=run.epochs, phase="all samples alike")
        pause()
    name, rate = ("fine_rate", recipe.fine_rate) if recipe.fine_rate else ("rate", recipe.rate)
    while not _look(problem, recipe, run) and run.rounds < recipe.max_rounds:
        facts = {"errors": run.hardest.errors, "margin": f"{run.hardest.smallest:.2f}"}
        run.drill(problem, recipe)
        refuse_divergence(run.weights, f"{where}.{name}", rate, f"in round {run.rounds} on the hardest samples")
        facts["epoch"] = f"{run.epochs + run.rounds * recipe.round_steps * recipe.batch / problem.n_samples:.1f}"
        progress.advance(1, phase="hardest first", **facts)
        pause()


def _look(problem: NetworkProblem, recipe: StochasticRecipe, run: _Run) -> bool:
    margins_of = partial(problem.batch_margins, run.weights)
    if not run.rounds:
        run.hardest = Hardest(margins_of(torch.arange(problem.n_samples, device=problem.device)), problem.max_errors)
    return run.hardest.look(margins_of, recipe.margin)


def _keep(checkpoint: Checkpoint, finished: list[_Run], run: _Run) -> None:
    if checkpoint.due:
        runs = [*finished, run]
        tensors = {
            "weights": torch.stack([each.weights for each in runs]),
            "velocity": run.velocity,
            "margins": torch.stack([each.hardest.margins for each in runs]),
            "random": run.random.get_state(),
        }
        checkpoint.save(tensors, {"runs": [[getattr(each, name) for name in COUNTS] for each in runs]})


def _taken_up(problem: NetworkProblem, state: State) -> tuple[list[_Run], _Run | None]:
    """Return the runs that a checkpoint holds: the finished ones, and the one it was written in."""
    random = torch.Generator()
    random.set_state(state.tensor("random", -1))
    counts = [checked(_Run, dict(zip(COUNTS, each, strict=True)), COUNTS) for each in state.facts["runs"]]
    weights = state.tensor("weights", len(counts), problem.n_weights).to(problem.device)
    velocity = state.tensor("velocity", problem.n_weights).to(problem.device)  # of the last one; others have ended
    margins = state.tensor("margins", len(counts), problem.n_samples).to(problem.device)
    runs = [
        _Run(weights_of_run, velocity, Hardest(margins_of_run, problem.max_errors), random, **of_run)
        for weights_of_run, margins_of_run, of_run in zip(weights, margins, counts, strict=True)
    ]
    return runs[:-1], runs[-1]


def _solution(problem: NetworkProblem, recipe: StochasticRecipe, name: str, number: int, run: _Run) -> Solution:
    weights, dataset = run.weights[None], torch.zeros(1, dtype=torch.long)
    train = problem.evaluate(weights, dataset)
    if not bool(train.in_solution_space):
        allowed = f" where {problem.max_errors} are allowed" if problem.max_errors else ""
        raise RambleError(
            f"studies.{name}.solutions: network {number} still makes {int(train.errors)} training errors{allowed} "
            f"after {run.rounds} rounds; raise max_rounds or epochs, or lower the rate."
        )
    return Solution(
        dataset=0,
        weights=run.weights.cpu(),
        restart=number,
        attempts=1,
        steps=run.steps,
        settled=float(train.min_margins) >= recipe.margin,
        train=train,
        test=problem.evaluate(weights, dataset, "test") if "test" in problem.splits else None,
    )
