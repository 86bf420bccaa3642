# ---
# jupyter:
#   jupytext:
#     text_representation:
#       extension: .py
#       format_name: percent
#   kernelspec:
#     display_name: Python 3
#     language: python
#     name: python3
# ---

# %% [markdown]
# # Walk a path between two networks
#
# Two networks classify the same points without one error. Is there a path of weights from one to the other on which no
# network makes an error? In this notebook you find two such networks, see the straight line between them fail, walk a
# path that does not, prove it, and look at the loss and the Hessian on the way. It takes seconds on one core.
#
# The page is a notebook that ran when this site was built. To run it yourself:
#
# ```sh
# pip install -c requirements.lock -e '.[docs]'
# jupytext --to ipynb docs/tutorial.py
# ```

# %%
import math

import matplotlib.pyplot as plt
import torch
from torch import Tensor, nn

from ramble.problems.network import NetworkProblem
from ramble.spectra.exact import ExactEngine
from ramble.store.progress import Progress
from ramble.tracking.connect import connect
from ramble.tracking.guarded_settings import GuardedSettings
from ramble.tracking.line_settings import LineSettings
from ramble.tracking.path import Path
from ramble.tracking.settings import TrackerSettings
from ramble.tracking.tracker import tracker_of
from ramble.training.descent import find_solutions
from ramble.training.descent_settings import Recipe

plt.rcParams["figure.dpi"] = 110

# %% [markdown]
# ## The problem
#
# The training set is two half moons of 40 points each. A *problem* is a network with its training set: derive from
# `NetworkProblem` and say which network it is.


# %%
def half_moons(points: int) -> tuple[Tensor, Tensor]:
    """Return inputs (2 points, 2) and labels (2 points,)."""
    random = torch.Generator().manual_seed(1)
    turn = torch.linspace(0, math.pi, points)
    upper = torch.stack([turn.cos(), turn.sin()], 1)
    lower = torch.stack([1 - turn.cos(), 0.4 - turn.sin()], 1)
    inputs = torch.cat([upper, lower]) + 0.1 * torch.randn(2 * points, 2, generator=random)
    return inputs, torch.arange(2).repeat_interleave(points)


class Moons(NetworkProblem):
    """A network of two hidden layers on two half moons."""

    def build_network(self) -> nn.Module:
        """Return the network with fresh weights."""
        return nn.Sequential(nn.Linear(2, 16), nn.ReLU(), nn.Linear(16, 16), nn.ReLU(), nn.Linear(16, 2))


inputs, labels = half_moons(40)
problem = Moons({"train": (inputs, labels)})
print(f"{problem.n_weights} weights, {problem.n_samples} points")

# %% [markdown]
# ## Two solutions
#
# Gradient descent runs until a network makes no error, and on until its loss settles.

# %%
recipe = Recipe(count=2, rate=0.2, batch=2)
first, second = find_solutions(problem, seed=1, name="moons", recipe=recipe)
for solution in (first, second):
    print(f"errors {int(solution.train.errors)}, loss {float(solution.train.losses):.4f}, {solution.steps} steps")

# %% [markdown]
# ## The straight line, and a path
#
# Every tracker is called in the same way, with its settings; those that you do not name have defaults that work.
# `LineSettings` are those of the control, which goes straight. `GuardedSettings` are those of a polygon between the two
# networks, whose bends are trained until every segment is certified.


# %%
def walk(settings: TrackerSettings) -> Path:
    """Return the path of a tracker from the first solution to the second."""
    with Progress("one pair", settings.budget) as progress:
        starts, ends = first.weights[None], second.weights[None]
        return connect(problem, tracker_of(settings, seed=1), starts, ends, torch.tensor([0]), progress)[0]


line = walk(LineSettings(points=61))
print(f"line:    {line.status}, certificate {line.certificate}")

guarded = walk(GuardedSettings(round_steps=20, max_rounds=20))
print(f"guarded: {guarded.status}, certificate {guarded.certificate}, smallest margin {guarded.min_margin:.3f}")

# %% [markdown]
# The certificate is `sound`: every network on the path, and not only the stored ones, is *proved* to classify all
# 80 points correctly. Other networks get `exact` or `sampled` certificates; see
# [Certificates](explanation/certificates.html).
#
# ## What the networks on the way look like
#
# The regions are what five networks on the way say of the plane. On the certified path the boundary turns from one
# shape into the other and never crosses a point. On the straight line it does; crosses mark the errors.


# %%
def show_regions(paths: dict[str, Path], places: list[float]) -> None:
    """Draw what the networks at some places of each path say of the plane, with the training set and its errors."""
    across, up = torch.meshgrid(torch.linspace(-1.6, 2.6, 150), torch.linspace(-1.1, 1.5, 110), indexing="xy")
    plane = torch.stack([across.flatten(), up.flatten()], 1)
    _, axes = plt.subplots(len(paths), len(places), figsize=(11, 4.1), layout="constrained", squeeze=False)
    for row, (name, path) in zip(axes, paths.items(), strict=True):
        row[0].set_ylabel(name)
        for axis, place in zip(row, places, strict=True):
            network = problem.network(path.points[round(place * (len(path.points) - 1))])
            with torch.no_grad():
                z = network(plane).diff(dim=1).view_as(across)
                wrong = network(inputs).argmax(1) != labels
            axis.contourf(across, up, z > 0, levels=[-0.5, 0.5, 1.5], colors=["#cfe2f0", "#f8dfc6"])
            axis.scatter(*inputs.T, s=6, c=["#1f5f8b" if label == 0 else "#b3541e" for label in labels])
            axis.scatter(*inputs[wrong].T, s=60, marker="x", color="black")
            axis.set_title(f"{place:.0%} of the way: {int(wrong.sum())} errors", fontsize=9)
            axis.set(xticks=[], yticks=[])
    plt.show()


show_regions({"certified path": guarded, "straight line": line}, [0.0, 0.25, 0.5, 0.75, 1.0])

# %% [markdown]
# ## Loss and margin on the way
#
# A problem evaluates many networks at once.

# %%
figure, axes = plt.subplots(1, 3, figsize=(11, 2.8), layout="constrained")
for name, path in {"straight line": line, "certified path": guarded}.items():
    found = problem.evaluate(path.points, datasets=torch.zeros(len(path.points), dtype=torch.long))
    share = torch.linspace(0, 1, len(path.points))
    for axis, values in zip(axes, [found.errors, found.losses, found.min_margins], strict=True):
        axis.plot(share, values, label=name)
for axis, what in zip(axes, ["training errors", "training loss", "smallest margin"], strict=True):
    axis.set(title=what, xlabel="share of the way")
axes[2].axhline(0, color="gray", linewidth=0.8)
figure.legend(*axes[0].get_legend_handles_labels(), loc="outside right center")
plt.show()

# %% [markdown]
# ## The Hessian on the way
#
# All eigenvalues of the Hessian at some points of the path. For larger networks `KrylovEngine` finds both ends of the
# spectrum, with error bars; see [Hessian spectra](explanation/spectra.html).

# %%
engine = ExactEngine()
chosen = range(0, len(guarded.points), 6)
spectra = [engine.spectrum(problem, guarded.points[point], 0, f"point {point}") for point in chosen]

figure, axis = plt.subplots(figsize=(8, 3), layout="constrained")
shares = [point / (len(guarded.points) - 1) for point in chosen]
for number in range(5):
    values = [spectrum.eigenvalues[number] for spectrum in spectra]
    axis.plot(shares, values, marker=".", label=f"eigenvalue {number + 1}")
axis.plot(shares, [spectrum.lowest[0] for spectrum in spectra], marker=".", color="gray", label="most negative")
axis.set(xlabel="share of the way", title="Eigenvalues of the Hessian of the training loss")
figure.legend(loc="outside right center")
plt.show()

# %% [markdown]
# ## Where to go on
#
# - The same with [your own network](how-to/own-network.html), made by Snakemake with figures and an independent check.
# - The same between [your own checkpoints](how-to/own-checkpoint.html).
# - What we found on [the Tree Committee Machine and LeNet5](results/index.html).
