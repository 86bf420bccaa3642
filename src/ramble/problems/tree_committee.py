"""The Tree Committee Machine: K hidden units on disjoint inputs, closed-form gradient and Hessian.

Unit k sees n = N / K inputs: h_k = input_scale * sum_j W_kj x_(k n + j); z = sum_k htanh(h_k) with
htanh(h) = min(1, max(-1, h)); the output is tanh z. htanh is odd, so folding the label into the inputs
turns the margin label * z into sum_k htanh(label * h_k): labels never appear below.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import torch
from torch import Tensor
from torch.nn import functional

from ramble.errors import RambleError, check_count, check_number
from ramble.problems.checks import signs, tensor_called, unavoidable_errors
from ramble.problems.order_statistic import Functions, lowest
from ramble.problems.problem import Problem, Split, Unavoidable, layers_of

UNIT = 2.0**-53  # relative rounding error of float64


def _checked(number: int, dataset: Mapping[str, Tensor]) -> tuple[Tensor, Tensor]:
    """Return the patterns (M, N) and labels (M,) of a data set as int8; raises RambleError where they are none."""
    where = f"TreeCommittee, data set {number}"
    patterns, labels = (tensor_called(where, dataset, name) for name in ("patterns", "labels"))
    patterns, labels = signs(where, "patterns", patterns), signs(where, "labels", labels)
    if patterns.dim() != 2 or not patterns.numel() or labels.shape != patterns.shape[:1]:
        raise RambleError(
            f"{where}: patterns and labels have the shapes {tuple(patterns.shape)} and {tuple(labels.shape)}; give "
            "(M, N) and (M,), with at least one pattern."
        )
    return patterns, labels


def _unavoidable(number: int, patterns: Tensor, labels: Tensor) -> Unavoidable | None:
    """Return the errors that every committee makes on a data set.

    z(-x) = -z(x): patterns that are equal with different labels, or opposite with the same one, contradict each other.
    """
    # of each pattern and its opposite take the one that begins with +1, for which z must have the sign label * first
    count, pair = unavoidable_errors(patterns * patterns[:, :1], labels * patterns[:, 0])
    if pair is None:
        return None
    one, other = pair
    what = "equal" if labels[one] != labels[other] else "opposite"
    return Unavoidable(
        count,
        f"TreeCommittee, data set {number}: the patterns {one} and {other} are {what} and their labels "
        f"{int(labels[one])} and {int(labels[other])}; z(-x) = -z(x)",
    )


@dataclass(frozen=True)
class _Layout:
    """Where each of B chains sits when chains are grouped by training set into (present sets, slots)."""

    inputs: Tensor  # (G * K, M, n) label-signed, scaled inputs of the G training sets present
    columns: Tensor  # (G * K, n, M) the same, transposed: products with few chains take a fifth of the time
    rows: Tensor  # (G, C) chain in each slot; slots without a chain repeat chain 0
    slots: Tensor  # (B,) flat slot of each chain


class TreeCommittee(Problem):
    """Tree Committee Machines on D sets of +-1 patterns.

    Args:
        datasets: D dictionaries with `patterns` (M, N) and `labels` (M,), +-1.
        hidden: K, the number of hidden units; must divide N.
        input_scale: factor on the inputs.
        initial_sigma: standard deviation of the Gaussian initial weights.
        device: where the patterns live.

    Raises:
        RambleError: K is no positive whole number or does not divide N; scale or deviation is not positive; a pattern
            or a label is not +-1.
    """

    splits = ("train",)

    def __init__(
        self,
        datasets: Sequence[dict[str, Tensor]],
        *,
        hidden: int,
        input_scale: float,
        initial_sigma: float,
        device: torch.device | str = "cpu",
    ) -> None:
        check_count("problem.arguments.hidden", hidden)
        check_number("problem.arguments.input_scale", input_scale, above=0)
        check_number("problem.arguments.initial_sigma", initial_sigma, above=0)
        checked = [_checked(number, dataset) for number, dataset in enumerate(datasets)]
        shapes = sorted({tuple(patterns.shape) for patterns, _ in checked})
        if len(shapes) != 1:
            raise RambleError(f"TreeCommittee: data sets have patterns of the shapes {shapes}; give sets of one shape.")
        found = [_unavoidable(number, *both) for number, both in enumerate(checked)]
        self.unavoidable = max((one for one in found if one), key=lambda one: one.count, default=None)
        patterns, labels = (torch.stack(parts) for parts in zip(*checked, strict=True))  # (D, M, N), (D, M)
        self.n_datasets, self.n_samples, n_inputs = patterns.shape
        if n_inputs % hidden:
            raise RambleError(f"problem.arguments.hidden: {hidden} does not divide the {n_inputs} inputs.")
        self.device = torch.device(device)
        self.hidden, self.fan_in = hidden, n_inputs // hidden
        self.initial_sigma = initial_sigma
        self.input_scale = input_scale
        self.metadata = {"input_scale": input_scale}
        self.shapes = {"weight": (hidden, self.fan_in)}
        self.layers = layers_of(self.shapes)
        signed = (patterns * labels.unsqueeze(-1)).view(self.n_datasets, self.n_samples, hidden, self.fan_in)
        self._signed = signed.transpose(1, 2).contiguous().to(self.device, torch.float64) * input_scale  # (D, K, M, n)
        self._labels = labels.to(self.device, torch.float64)
        self._by_dtype: dict[torch.dtype, Tensor] = {}
        self._last_layout: tuple[Tensor, torch.dtype, _Layout] | None = None

    def initial_weights(self, random: torch.Generator) -> Tensor:
        """Draw Gaussian weights of standard deviation `initial_sigma`."""
        return torch.randn(self.n_weights, generator=random) * self.initial_sigma

    def labels(self, datasets: Tensor, split: Split = "train") -> Tensor:
        """Return the labels (B, M), +-1.0."""
        return self._labels[datasets.to(self.device)]

    def outputs(self, weights: Tensor, datasets: Tensor, split: Split = "train") -> Tensor:
        """Return z (B, M)."""
        signed_outputs = self._fields(weights, datasets).clamp(-1, 1).sum(1)
        return signed_outputs * self.labels(datasets).to(weights.dtype)

    def gradients(self, weights: Tensor, datasets: Tensor, output_gain: float = 1.0) -> tuple[Tensor, Tensor]:
        """Return losses (B,) and gradients (B, P).

        d margin / d W_k = [|h_k| < 1] x_k and d softplus(-2 g m) / d m = -2 g sigmoid(-2 g m).
        """
        return self._gradients(weights, self._layout(datasets, weights.dtype), output_gain)

    def batch_gradients(self, weights: Tensor, datasets: Tensor, samples: Tensor) -> tuple[Tensor, Tensor]:
        """Return mean losses (B,) and gradients (B, P) on a minibatch: the patterns `samples` (m,) of every set."""
        layout = self._layout(datasets, weights.dtype)
        inputs = layout.inputs[:, samples.to(self.device)]
        return self._gradients(weights, replace(layout, inputs=inputs, columns=inputs.transpose(1, 2)), 1.0)

    def _gradients(self, weights: Tensor, layout: _Layout, output_gain: float) -> tuple[Tensor, Tensor]:
        fields = self._grouped_fields(weights, layout)  # (G, K, C, M)
        sample_margins = fields.clamp(-1, 1).sum(1)
        pull = torch.sigmoid(-2 * output_gain * sample_margins) * (-2 * output_gain / fields.shape[3])
        active = (fields.abs() < 1) * pull.unsqueeze(1)
        gradient = torch.bmm(active.flatten(0, 1), layout.inputs)  # (G K, C, n)
        losses = functional.softplus(-2 * output_gain * sample_margins).mean(2)  # (G, C)
        return losses.flatten()[layout.slots], self._ungroup(gradient, layout)

    def hessians(self, weights: Tensor, datasets: Tensor, output_gain: float = 1.0) -> Tensor:
        """Return the Hessians (B, P, P) of the mean loss, float64.

        htanh is piecewise linear, so the margin's second derivative vanishes wherever it exists and
        H = 1/M sum_i l''(m_i) J_i J_i^T with J_i = d m_i / d W and, for the gain g on the outputs,
        l''(m) = 4 g^2 sigmoid(2 g m) sigmoid(-2 g m): positive semi-definite by construction.
        """
        weights, datasets = weights.double(), datasets.to(self.device)
        fields = self._fields(weights, datasets)  # (B, K, M)
        sample_margins = fields.clamp(-1, 1).sum(1)
        pulls = torch.sigmoid(2 * output_gain * sample_margins) * torch.sigmoid(-2 * output_gain * sample_margins)
        curvature = 4 * output_gain**2 * pulls
        root = (curvature / self.n_samples).sqrt()
        mask = (fields.abs() < 1) * root.unsqueeze(1)  # (B, K, M)
        jacobians = self._signed[datasets] * mask.unsqueeze(-1)  # (B, K, M, n)
        jacobians = jacobians.transpose(1, 2).flatten(2)  # (B, M, P)
        return jacobians.transpose(1, 2) @ jacobians

    def segment_min_margins(self, starts: Tensor, ends: Tensor, datasets: Tensor) -> Tensor:
        """Return a lower bound (B,) of the smallest margin on each segment from starts to ends (B, P), float64.

        Where K = `max_errors` samples may err, it is one of the (K + 1)-th smallest margin.

        Along a segment every h_k is linear, so a margin is piecewise linear with breakpoints where some h_k crosses
        +-1: its minimum lies at a breakpoint or an end. The bound is that minimum as float64 finds it, less all that
        rounding (u = 2^-53) can have done to it, in three steps for one sample:

        1. Fields. Inputs and weights are exact in float64; a sum of n products in any order is off by at most
           gamma_n scale |w_k|_1, gamma_n = n u / (1 - n u). So the computed first_k and slope_k define a line g_k with
           |h_k - g_k| <= gamma_n scale ((1 - t) |w_k|_1 at the start + t |w_k|_1 at the end) + u |slope_k| for t in
           [0, 1], the last term from the subtraction. Clamping does not enlarge a difference.
        2. Breakpoints. (+-1 - first_k) / slope_k is computed with a relative error of at most 2 u + u^2, hence each
           true breakpoint t in [0, 1] of sum_k clamp(g_k) has a computed time within 2.01 u of it, and that sum
           changes by at most sum_k |slope_k| per unit of t: at most 2.01 u sum_k |slope_k| are lost. Times that are no
           breakpoints (of fields that stand still or cross elsewhere, clamped into [0, 1]) only add points.
        3. Values. first_k + t slope_k is off by at most u (|first_k| + 2.01 |slope_k|); the sum of K values within
           [-1, 1] by at most 1.01 u K^2.

        Together at most gamma_n scale max(|w|_1 at the start, at the end) + 6 u sum_k (|first_k| + |slope_k|)
        + 2 u K^2; the bound takes off twice that, which covers the rounding of this estimate itself.

        The (K + 1)-th smallest margin is bounded by a sweep over the lines between the computed values, in order of the
        computed times. These lines differ from sum_k clamp(g_k) by what step 3 says and, since it may bend within
        2.01 u of such a time, by 4.02 u sum_k |slope_k|; `order_statistic.lowest` asks for 8 u sum_k |slope_k| more,
        and for step 3 twice more: 20 u sum_k (|first_k| + |slope_k|) + 4 u K^2 in place of the last two terms.
        """
        first = self._fields(starts.double(), datasets)  # (B, K, M)
        slope = self._fields(ends.double(), datasets) - first
        crossings = torch.stack([(bound - first) / slope for bound in (-1.0, 1.0)])  # (2, B, K, M)
        crossings = crossings.nan_to_num(0.0).clamp(0.0, 1.0).movedim(0, 1).flatten(1, 2)  # (B, 2 K, M)
        edges = torch.stack([torch.zeros_like(crossings[:, 0]), torch.ones_like(crossings[:, 0])], 1)
        times = torch.cat([crossings, edges], 1)  # (B, 2 K + 2, M)
        at_times = first.unsqueeze(1) + times.unsqueeze(2) * slope.unsqueeze(1)  # (B, 2 K + 2, K, M)
        computed = at_times.clamp(-1, 1).sum(2).amin(1)  # (B, M)
        sums = torch.maximum(*(self._absolute_fields(each) for each in (starts, ends)))  # (B,)
        if self.max_errors:
            lost = self.fan_in * sums.unsqueeze(1) + 20 * (first.abs() + slope.abs()).sum(1) + 4 * self.hidden**2
            times, order = times.sort(dim=1)
            values = at_times.clamp(-1, 1).sum(2).gather(1, order)
            return lowest(Functions(times, values, 2 * UNIT * lost), self.max_errors)
        lost = self.fan_in * sums.unsqueeze(1) + 6 * (first.abs() + slope.abs()).sum(1) + 2 * self.hidden**2
        return (computed - 2 * UNIT * lost).amin(1)

    def _absolute_fields(self, weights: Tensor) -> Tensor:
        """Return sum_k scale |w_k|_1 (B,), what |h_k| cannot exceed, summed over the units."""
        return abs(self.input_scale) * weights.double().abs().sum(1)

    def _fields(self, weights: Tensor, datasets: Tensor) -> Tensor:
        """Return label * h_k, shape (B, K, M)."""
        layout = self._layout(datasets, weights.dtype)
        grouped = self._grouped_fields(weights, layout)  # (G, K, C, M)
        return grouped.transpose(1, 2).flatten(0, 1)[layout.slots]

    def _grouped_fields(self, weights: Tensor, layout: _Layout) -> Tensor:
        groups, slots = layout.rows.shape
        grouped = weights[layout.rows].view(groups, slots, self.hidden, self.fan_in).transpose(1, 2)
        fields = torch.bmm(grouped.reshape(-1, slots, self.fan_in), layout.columns)
        return fields.view(groups, self.hidden, slots, -1)

    def _ungroup(self, grouped: Tensor, layout: _Layout) -> Tensor:
        """Turn (G K, C, n) into (B, P)."""
        groups, slots = layout.rows.shape
        by_slot = grouped.view(groups, self.hidden, slots, self.fan_in).transpose(1, 2).reshape(-1, self.n_weights)
        return by_slot[layout.slots]

    def _layout(self, datasets: Tensor, dtype: torch.dtype) -> _Layout:
        """Group chains by training set: one matrix product per set serves all its chains."""
        last = self._last_layout
        if last is not None and last[1] == dtype and torch.equal(last[0], datasets):
            return last[2]
        own = datasets.to(self.device)
        present, group, counts = torch.unique(own, return_inverse=True, return_counts=True)
        order = group.argsort(stable=True)
        starts = counts.cumsum(0) - counts
        width = int(counts.max())
        slots = torch.empty_like(group)
        slots[order] = torch.arange(len(own), device=self.device) - starts[group[order]] + group[order] * width
        rows = torch.zeros(len(present) * width, dtype=torch.long, device=self.device)
        rows[slots] = torch.arange(len(own), device=self.device)
        inputs = self._inputs(dtype)[present].flatten(0, 1)
        layout = _Layout(inputs, inputs.transpose(1, 2).contiguous(), rows.view(len(present), width), slots)
        self._last_layout = (datasets.clone(), dtype, layout)
        return layout

    def _inputs(self, dtype: torch.dtype) -> Tensor:
        if dtype not in self._by_dtype:
            self._by_dtype[dtype] = self._signed.to(dtype)
        return self._by_dtype[dtype]
