"""Certificates of many kinds of networks: proven only where the network is what the proof takes it for."""

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor, nn
from torch.fx import _symbolic_trace
from torch.nn import functional
from torch.nn.utils import parametrizations, parametrize
from unhurried import unhurried

from ramble.certificates.moving import MovingNetwork
from ramble.certificates.paths import PathCertificate, certify_path
from ramble.certificates.sound import obstacle
from ramble.problems.lenet import LeNet5
from ramble.problems.logits import logits_of
from ramble.problems.network import NetworkProblem

ZERO = torch.tensor([0])
KNOWN = torch.full((8,), 2.5)
VECTOR, IMAGE, LINE = (4,), (2, 6, 6), (2, 8)


class Wrapped(nn.Module):
    """Layers by name, and a forward pass of one's own."""

    def __init__(self, forward, **layers):
        super().__init__()
        for name, layer in layers.items():
            setattr(self, name, layer)
        self._own = forward

    def forward(self, inputs):
        return self._own(self, inputs)


class Cosine(nn.Linear):
    def forward(self, inputs):
        return functional.linear(inputs, self.weight / self.weight.norm(), self.bias)


class Symmetric(nn.Module):
    def forward(self, weight):
        return weight.triu() + weight.triu(1).T


def symmetric(layer):
    parametrize.register_parametrization(layer, "weight", Symmetric())
    return layer


class Residual(nn.Module):
    def __init__(self, inner):
        super().__init__()
        self.inner = inner

    def forward(self, inputs):
        return inputs + self.inner(inputs)


class Doubled(nn.ReLU):
    def forward(self, inputs):
        return 2 * super().forward(inputs)


def shared_relu():
    relu = nn.ReLU()
    return nn.Sequential(nn.Linear(4, 8), relu, nn.Linear(8, 8), relu, nn.Linear(8, 3))


def shared_layer():
    return Wrapped(lambda self, x: self.last(self.a(self.a(x).relu()).relu()), a=nn.Linear(4, 4), last=nn.Linear(4, 3))


def hooked(register):
    network = nn.Sequential(nn.Linear(4, 8), nn.ReLU(), nn.Linear(8, 3))
    register(network)
    return network


def own_forward_of_an_instance():
    network = nn.Sequential(nn.Linear(4, 8), nn.ReLU(), nn.Linear(8, 3))
    network[1].forward = lambda inputs: inputs - 1
    return network


def residual():
    return Wrapped(
        lambda self, x: self.last(x + self.inner(x).relu() + 0.5 * self.inner(x.relu())),
        inner=nn.Linear(4, 4),
        last=nn.Linear(4, 3),
    )


def residual_images():
    def forward(self, x):
        y = self.norm(self.first(x))
        y += functional.avg_pool2d(self.shortcut(x), 2)
        return self.last(functional.adaptive_avg_pool2d(functional.relu(y, inplace=True), 1).flatten(1))

    return Wrapped(
        forward,
        first=nn.Conv2d(2, 4, 3, stride=2, padding=1),
        norm=nn.Identity(),
        shortcut=nn.Conv2d(2, 4, 1, bias=False),
        last=nn.Linear(4, 3),
    )


def in_place_then_used():
    def forward(self, x):
        y = self.first(x)
        z = y.view(-1, 2, 4)
        z += 1  # y shares its memory
        y.relu_()
        return self.last(z.flatten(1) - 0.5 * y)

    return Wrapped(forward, first=nn.Linear(4, 8), last=nn.Linear(8, 3))


def scaled_by_weights():
    network = Wrapped(
        lambda self, x: self.last(functional.leaky_relu(self.scale * self.first(x) + self.shift, 0.1) / self.known),
        first=nn.Linear(4, 8),
        last=nn.Linear(8, 3),
    )
    network.scale, network.shift = nn.Parameter(torch.ones(8)), nn.Parameter(torch.zeros(8))
    network.known = KNOWN
    return network


def transposed_weights():
    return Wrapped(
        lambda self, x: torch.addmm(
            self.last.bias, functional.linear(self.first(x).relu(), self.first.weight.t()), self.last.weight.t()
        ),
        first=nn.Linear(4, 6),
        last=nn.Linear(4, 3),
    )


def averages():
    return nn.Sequential(
        nn.AvgPool2d(3, stride=1, padding=1),
        nn.Conv2d(2, 4, 3, padding="same", groups=2),
        nn.LeakyReLU(0.2),
        nn.AvgPool2d(2, stride=2, padding=1, count_include_pad=False),
        nn.AdaptiveAvgPool2d((3, 2)),
        nn.Flatten(),
        nn.Dropout(0.5),
        nn.Identity(),
        nn.Linear(24, 3),
    )


def strides():
    return nn.Sequential(
        nn.ZeroPad2d((1, 2, 0, 1)),
        nn.Conv2d(2, 3, (3, 2), stride=(2, 1), padding=(1, 0), dilation=(1, 2)),
        nn.ReLU6(),
        nn.MaxPool2d(2, stride=1),
        nn.Dropout2d(0.5),
        nn.Flatten(),
        nn.Linear(54, 3),
    )


def lines():
    return nn.Sequential(
        nn.Conv1d(2, 4, 3, padding=1, stride=1),
        nn.Hardtanh(),
        nn.MaxPool1d(2),
        nn.AvgPool1d(2),
        nn.AdaptiveAvgPool1d(1),
        nn.Flatten(),
        nn.Linear(4, 3),
    )


def means():
    return Wrapped(
        lambda self, x: self.last(torch.cat([self.first(x).abs().mean((2, 3)), x.sum(dim=(2, 3)) / 36], 1)),
        first=nn.Conv2d(2, 4, 3),
        last=nn.Linear(6, 3),
    )


def extremes():
    return Wrapped(
        lambda self, x: self.last(torch.maximum(self.a(x), self.b(x)).clamp(max=2) - torch.minimum(x, self.b(x))),
        a=nn.Linear(4, 4),
        b=nn.Linear(4, 4),
        last=nn.Linear(4, 3),
    )


def ends_in_a_sum():
    return Wrapped(
        lambda self, x: self.last(self.first(x).relu()) + self.direct(x),
        first=nn.Linear(4, 8),
        last=nn.Linear(8, 3),
        direct=nn.Linear(4, 3),
    )


def one_logit():
    return nn.Sequential(nn.Linear(4, 8), nn.ReLU(), nn.Linear(8, 1))


def one_logit_without_an_axis():
    return Wrapped(
        lambda self, x: self.last(self.first(x).relu()).squeeze(-1), first=nn.Linear(4, 8), last=nn.Linear(8, 1)
    )


PROVEN = {
    "shared relu": (shared_relu, VECTOR),
    "shared layer": (shared_layer, VECTOR),
    "subclass of a layer without weights": (
        lambda: nn.Sequential(nn.Linear(4, 8), Doubled(), nn.Linear(8, 3)),
        VECTOR,
    ),
    "hook before": (
        lambda: hooked(lambda net: net[2].register_forward_pre_hook(lambda _, args: (args[0] + 1,))),
        VECTOR,
    ),
    "hook after": (
        lambda: hooked(lambda net: net[0].register_forward_hook(lambda _, args, out: out + args[0][:, :1])),
        VECTOR,
    ),
    "forward of an instance": (own_forward_of_an_instance, VECTOR),
    "residual": (residual, VECTOR),
    "residual images": (residual_images, IMAGE),
    "in place": (in_place_then_used, VECTOR),
    "scaled by weights": (scaled_by_weights, VECTOR),
    "transposed weights": (transposed_weights, VECTOR),
    "averages": (averages, IMAGE),
    "strides": (strides, IMAGE),
    "lines": (lines, LINE),
    "means": (means, IMAGE),
    "extremes": (extremes, VECTOR),
    "ends in a sum": (ends_in_a_sum, VECTOR),
    "ends in ReLU": (lambda: nn.Sequential(nn.Linear(4, 3), nn.ReLU()), VECTOR),
    "linear": (lambda: nn.Linear(4, 3), VECTOR),
}


def drawn_at_random():
    return Wrapped(lambda self, x: self.last(functional.dropout(x, 0.1)), last=nn.Linear(4, 3))


def branching():
    return Wrapped(lambda self, x: self.last(x) if self.last.weight.sum() > 0 else -self.last(x), last=nn.Linear(4, 3))


def seen_by_numpy():
    return Wrapped(
        lambda self, x: functional.linear(x, torch.from_numpy(self.last.weight.detach().numpy() ** 2)) + self.last(x),
        last=nn.Linear(4, 3),
    )


def stepping(cast):
    """A cast of rectified activations: with operations in place, torch turns casts into copies, too."""
    return lambda: Wrapped(
        lambda self, x: self.a(x) + cast(self.relu(self.b(x))), a=nn.Linear(4, 3), b=nn.Linear(4, 3),
        relu=nn.ReLU(inplace=True),
    )  # fmt: skip


STEPS = {
    "bool": lambda values: values.bool().to(values.dtype),
    "doubled bool": lambda values: values.bool().double(),
    "int": lambda values: values.int().to(values.dtype),
    "long": lambda values: values.long() * 1.0,
    "bytes": lambda values: values.to(torch.uint8).to(values.dtype),
    "share of bools": lambda values: values.bool().sum(1, keepdim=True).to(values.dtype),
    "mean of bools": lambda values: values.bool().mean(1, keepdim=True, dtype=values.dtype),
    "larger of bools": lambda values: torch.maximum(values.bool(), values.bool()).to(values.dtype),
    "bools side by side": lambda values: torch.cat([values.bool(), values.bool()], 1)[:, :3].to(values.dtype),
    "complex": lambda values: values.to(torch.complex128).real,
    "complex of fewer digits": lambda values: values.to(torch.complex64).abs().to(values.dtype),
}
COUNTS = {
    "times": lambda values, count: values * count,
    "plus": lambda values, count: values + count,
    "minus": lambda values, count: values - 2 * count,
    "over": lambda values, count: values / count,
    "selected by": lambda values, count: values.select(1, count - 4),
    "clamped by": lambda values, count: values.clamp(max=count),
    "leaning by": lambda values, count: functional.leaky_relu(values, 1 / count),
}


def counting(use):
    """The outputs of a layer, and what becomes of them with the number of samples."""

    def forward(self, x):
        used = use(self.a(x), x.shape[0])
        return self.a(x) + (used if used.dim() == 2 else used[:, None])

    return lambda: Wrapped(forward, a=nn.Linear(4, 3))


REFUSED = {
    **{f"cast to {name}": (stepping(cast), VECTOR, "") for name, cast in STEPS.items()},
    **{f"{name} the number of samples": (counting(use), VECTOR, "") for name, use in COUNTS.items()},
    "cosine": (
        lambda: nn.Sequential(nn.Linear(4, 8), nn.ReLU(), Cosine(8, 3)),
        VECTOR,
        "2 (Cosine): aten.linalg_vector_norm",
    ),
    "weight norm": (
        lambda: nn.Sequential(parametrizations.weight_norm(nn.Linear(4, 8)), nn.ReLU(), nn.Linear(8, 3)),
        VECTOR,
        "_WeightNorm",
    ),
    "parametrised": (
        lambda: nn.Sequential(symmetric(nn.Linear(4, 4)), nn.ReLU(), nn.Linear(4, 3)),
        VECTOR,
        "0.parametrizations.weight.0 (Symmetric): aten.triu of a weight",
    ),
    "tanh": (lambda: nn.Sequential(nn.Linear(4, 8), nn.Tanh(), nn.Linear(8, 3)), VECTOR, "1 (Tanh): aten.tanh"),
    "softmax": (lambda: nn.Sequential(nn.Linear(4, 3), nn.Softmax(1)), VECTOR, "1 (Softmax)"),
    "layer norm": (lambda: nn.Sequential(nn.Linear(4, 8), nn.LayerNorm(8), nn.Linear(8, 3)), VECTOR, "1 (LayerNorm)"),
    "sum of weights": (
        lambda: Wrapped(
            lambda self, x: functional.linear(x, self.a.weight + self.b.weight), a=nn.Linear(4, 3), b=nn.Linear(4, 3)
        ),
        VECTOR,
        "aten.add of a weight",
    ),
    "product of activations": (
        lambda: Wrapped(lambda self, x: self.b(self.a(x) * self.a(x)), a=nn.Linear(4, 4), b=nn.Linear(4, 3)),
        VECTOR,
        "aten.mul",
    ),
    "other samples": (
        lambda: Wrapped(lambda self, x: self.a(x - x.mean(0)), a=nn.Linear(4, 3)),
        VECTOR,
        "aten.mean",
    ),
    "samples moved": (
        lambda: Wrapped(lambda self, x: self.a(torch.flip(x, (0,))), a=nn.Linear(4, 3)),
        VECTOR,
        "aten.flip",
    ),
    "half precision": (
        lambda: Wrapped(lambda self, x: self.a(self.a(x).half().to(x.dtype)), a=nn.Linear(4, 4)),
        VECTOR,
        "float16",
    ),
    "drawn at random": (drawn_at_random, VECTOR, "aten.dropout"),
    "a branch on values": (branching, VECTOR, "torch.export cannot read it"),
    "a branch on the number of samples": (
        lambda: Wrapped(lambda self, x: self.a(x) if len(x) > 5 else -self.a(x), a=nn.Linear(4, 3)),
        VECTOR,
        "torch.export cannot read it",
    ),
    "values seen by numpy": (seen_by_numpy, VECTOR, "torch.export cannot read it"),
    "padded maxima": (
        lambda: nn.Sequential(nn.MaxPool2d(2, padding=1), nn.Flatten(), nn.Linear(32, 3)),
        IMAGE,
        "0 (MaxPool2d): max pooling over the edge",
    ),
}


def problem_of(make, shape, seed: int, samples: int = 6, *, looked_at: bool = True) -> NetworkProblem:
    """Random inputs; the labels are what the network says at its initial weights of the same seed.

    The proof does not rely on the look at the network that building a problem takes: `looked_at` leaves it out.
    """

    class Mine(NetworkProblem):
        def build_network(self):
            return make()

    random = torch.Generator().manual_seed(seed)
    inputs, labels = torch.randn(samples, *shape, generator=random), torch.zeros(samples, dtype=torch.long)
    with pytest.MonkeyPatch.context() as patch:
        if not looked_at:
            patch.setattr("ramble.problems.network.refuse_misbehaviour", lambda *_: (3, False))
        problem = Mine({"train": (inputs, labels)})
    weights = problem.initial_weights(torch.Generator().manual_seed(seed))
    problem.data("train")[1].copy_(logits_of(problem.network(weights), inputs).argmax(1))
    return problem


def segment_of(problem: NetworkProblem, seed: int, distance: float) -> Tensor:
    start = problem.initial_weights(torch.Generator().manual_seed(seed))
    noise = torch.randn(len(start), generator=torch.Generator().manual_seed(seed + 1000))
    return torch.stack([start, start + distance * noise])


def smallest_margin_by_looking(problem: NetworkProblem, ends: Tensor, points: int) -> float:
    """The smallest margin at so many points of the segment, from the module itself and in float64."""
    inputs, labels = problem.data("train")
    smallest = float("inf")
    with torch.no_grad():
        for t in torch.linspace(0, 1, points, dtype=torch.float64).tolist():
            network = problem.network((1 - t) * ends[0].double() + t * ends[1].double())
            logits = logits_of(network, inputs.double())
            own = logits.gather(1, labels[:, None])
            others = logits.scatter(1, labels[:, None], -torch.inf)
            smallest = min(smallest, float((own - others.amax(1, keepdim=True)).min()))
    return smallest


def certified(problem: NetworkProblem, ends: Tensor) -> PathCertificate:
    found = certify_path(problem, ends, 0, 1 / 64)
    assert (found.kind == "sound") == (not found.reason)
    return found


@pytest.mark.parametrize("kind", PROVEN)
def test_a_proven_bound_is_below_every_margin_of_the_network_itself(kind):
    make, shape = PROVEN[kind]
    proven = 0
    for seed in range(4):
        problem = problem_of(make, shape, seed)
        assert obstacle(problem) == ""
        ends = segment_of(problem, seed, distance=10.0 ** -(seed + 1))
        found = certified(problem, ends)
        if found.kind == "sound" and found.holds:
            proven += 1
            assert 0 < found.min_margin <= smallest_margin_by_looking(problem, ends, 101)
    assert proven > 0


@pytest.mark.parametrize("kind", REFUSED)
def test_a_network_that_is_not_understood_is_sampled_and_the_layer_named(kind):
    make, shape, reason = REFUSED[kind]
    problem = problem_of(make, shape, 0, looked_at=False)
    found = certified(problem, segment_of(problem, 0, 1e-3))
    assert found.kind == "sampled"
    assert reason in found.reason
    assert "\n" not in found.reason


def shifted(layer):
    layer.register_forward_hook(lambda _, args, out: 0.5 * out - args[0])
    return layer


BLOCKS = {
    "linear": lambda: nn.Linear(6, 6),
    "relu": lambda: SHARED,
    "leaky": lambda: nn.LeakyReLU(0.3, inplace=True),
    "dropout": lambda: nn.Dropout(0.5),
    "doubled": Doubled,
    "residual": lambda: Residual(nn.Sequential(nn.Linear(6, 6), SHARED)),
    "hooked": lambda: shifted(nn.Linear(6, 6)),
    "average": lambda: nn.Sequential(nn.Unflatten(1, (2, 3)), nn.AvgPool1d(3, 1, padding=1), nn.Flatten()),
    "cosine": lambda: Cosine(6, 6),
    "weight norm": lambda: parametrizations.weight_norm(nn.Linear(6, 6)),
    "hidden": lambda: Hidden(),
}
NEVER_PROVEN = {"cosine", "weight norm", "hidden"}
SHARED = nn.ReLU()


class Hidden(nn.Module):
    """Another function than torch.export is shown."""

    def forward(self, inputs):
        return inputs if torch.compiler.is_exporting() else inputs.abs() - 0.01


@settings(unhurried, max_examples=12)
@given(st.lists(st.sampled_from(sorted(BLOCKS)), min_size=1, max_size=4), st.integers(0, 1000), st.floats(1e-4, 0.3))
def test_networks_made_of_anything_are_never_proven_wrongly(blocks, seed, distance):
    def build():
        return nn.Sequential(*(BLOCKS[block]() for block in blocks), nn.Linear(6, 3))

    problem = problem_of(build, (6,), seed, looked_at=False)
    ends = segment_of(problem, seed, distance)
    found = certified(problem, ends)
    if NEVER_PROVEN & set(blocks):
        assert found.kind == "sampled"
    if found.kind == "sound" and found.holds:
        assert 0 < found.min_margin <= smallest_margin_by_looking(problem, ends, 101)


@pytest.mark.parametrize("make", [one_logit, one_logit_without_an_axis])
def test_a_single_logit_is_that_of_class_one_against_zero(make):
    problem = problem_of(make, VECTOR, 0)
    inputs, labels = problem.data("train")
    start, end = segment_of(problem, 0, 0.1)
    labels.copy_((logits_of(problem.network(start), inputs)[:, 1] > 0).long())
    bounds = MovingNetwork(problem, start, end).bounds(0.2, 0.7, inputs, labels)
    for t in torch.linspace(0.2, 0.7, 11, dtype=torch.float64).tolist():
        z = logits_of(problem.network((1 - t) * start.double() + t * end.double()), inputs.double())[:, 1]
        assert (bounds <= torch.where(labels == 1, z, -z) + 1e-12).all()
        assert (bounds > torch.where(labels == 1, z, -z) - 1).all()


@pytest.mark.parametrize(("kind", "seed"), [("shared relu", 1), ("shared relu", 7), ("forward of an instance", 3)])
def test_far_apart_ends_are_never_proven_over_an_error(kind, seed):
    problem = problem_of(*PROVEN[kind], seed)
    ends = 3 * segment_of(problem, seed, 0.5)
    found, margin = certified(problem, ends), smallest_margin_by_looking(problem, ends, 1001)
    assert not (found.kind == "sound" and found.holds and found.min_margin > margin)


def test_a_hook_on_all_modules_is_read():
    make, shape = PROVEN["shared relu"]
    handle = torch.nn.modules.module.register_module_forward_hook(
        lambda module, _, out: out + 1 if isinstance(module, nn.ReLU) else None
    )
    try:
        problem = problem_of(make, shape, 0)
        ends = segment_of(problem, 0, 1e-3)
        found = certified(problem, ends)
        assert found.kind == "sound"
        assert 0 < found.min_margin <= smallest_margin_by_looking(problem, ends, 101)
    finally:
        handle.remove()


def gated(feature):
    """Return what adds a gated feature: a gate at zero, which opens it only far along a segment, hides it elsewhere."""

    def forward(self, x):
        return self.a(x.to(self.a.weight.dtype)) + functional.relu(feature(self, x).to(self.a.weight.dtype) * 1e-9 - 1)

    return lambda: Wrapped(forward, a=nn.Linear(4, 3))


def assigned(_, x):
    found = x[:, :3] * 1.0
    found.data = -found
    return found


def by_memory(_, x):
    found = x[:, :3].clone()
    found.untyped_storage().fill_(0)
    return found


WHOLE = torch.tensor([1, 2, 3], dtype=torch.uint8)
HIDDEN = {
    "compiling": (lambda _, x: x[:, :3] * (0.0 if torch.compiler.is_compiling() else 1.0), "while torch.export reads"),
    "exporting": (lambda _, x: x[:, :3] * (0.0 if torch.compiler.is_exporting() else 1.0), "while torch.export reads"),
    "tracing": (lambda _, x: x[:, :3] if _symbolic_trace.is_fx_tracing() else -x[:, :3], "while torch.export reads"),
    "dtype": (lambda _, x: x[:, :3] if x.dtype == torch.float32 else -x[:, :3], "in torch.float32 than in float64"),
    "finfo": (lambda _, x: x[:, :3].clamp(max=1 / torch.finfo(x.dtype).eps), "in torch.float32 than in float64"),
    ".data": (assigned, "reaches the memory of a tensor"),
    "storage": (by_memory, "torch.export cannot read it"),
}


@pytest.mark.parametrize("kind", HIDDEN)
def test_what_a_graph_does_not_show_is_not_proven_though_no_logit_shows_it(kind):
    feature, reason = HIDDEN[kind]
    problem = problem_of(gated(feature), VECTOR, 0)
    assert reason in obstacle(problem)
    assert certified(problem, segment_of(problem, 0, 1e-4)).kind == "sampled"


WRAPPING = {
    "difference": lambda _, x: x[:, :3] - 2,
    "negative": lambda _, x: -x[:, :3],
    "product": lambda _, x: x[:, :3] * 200,
    "sum": lambda _, x: x[:, :3] + x[:, 1:],
    "cast": lambda _, x: x[:, :3].to(torch.int8),
    "truth": lambda _, x: x[:, :3].bool(),
    "constant": lambda self, x: x[:, :3].to(self.a.weight.dtype) * (WHOLE * 200),
}


@pytest.mark.parametrize("kind", WRAPPING)
def test_arithmetic_in_whole_numbers_is_not_proven(kind):
    make, (inputs, labels) = (
        gated(WRAPPING[kind]),
        (torch.tensor([[1, 2, 250, 4]], dtype=torch.uint8), torch.tensor([0])),
    )

    class Mine(NetworkProblem):
        def build_network(self):
            return make()

    assert "computes in numbers of torch." in obstacle(Mine({"train": (inputs, labels)}))


@pytest.mark.parametrize("whole", [WHOLE, torch.tensor([-128, 2, 3], dtype=torch.int8), torch.tensor([2**40] * 3)])
def test_a_whole_constant_is_the_number_that_it_is(whole):
    layers = {"a": nn.Linear(4, 3)}

    def forward(self, x):
        return self.a(x) + (x[:, :3] - self.whole) * 1e-12

    def make():
        found = Wrapped(forward, **layers)
        found.register_buffer("whole", whole)
        return found

    problem = problem_of(make, VECTOR, 0)
    assert obstacle(problem) == ""
    ends = segment_of(problem, 0, 1e-4)
    found = certified(problem, ends)
    assert found.kind == "sound"
    assert found.min_margin <= smallest_margin_by_looking(problem, ends, 101)


def test_torch_prints_nothing_of_a_network_that_it_cannot_read(capfd):
    mask = nn.Transformer.generate_square_subsequent_mask(4)
    layers = nn.TransformerEncoderLayer(4, 2, 8, batch_first=True)

    def make():
        return Wrapped(
            lambda self, x: self.last(self.encoder(x.unflatten(1, (4, 4)), mask=self.mask).mean(1)),
            encoder=nn.TransformerEncoder(layers, 1, enable_nested_tensor=False),
            last=nn.Linear(4, 3),
            mask=nn.Buffer(mask),
        )

    assert "torch.export cannot read it" in obstacle(problem_of(make, (16,), 0))
    assert capfd.readouterr() == ("", "")


def test_ties_in_pooling_that_rounding_decides_are_no_other_way():
    class Mine(NetworkProblem):
        def build_network(self):
            return LeNet5()

    images = torch.full((3, 1, 28, 28), -0.4242)  # as MNIST's have it around a digit
    images[:, :, 8:20, 8:20] = torch.rand(3, 1, 12, 12, generator=torch.Generator().manual_seed(0)).round(decimals=1)
    assert obstacle(Mine({"train": (images, torch.zeros(3, dtype=torch.long))})) == ""


def test_a_whole_constant_beyond_float64_is_not_proven():
    def forward(self, x):
        return self.a(x) + x[:, :3] * self.whole * 2.0**-70

    def make():
        found = Wrapped(forward, a=nn.Linear(4, 3))
        found.register_buffer("whole", torch.tensor([2**62 + 1] * 3))
        return found

    assert "is too large for float64" in obstacle(problem_of(make, VECTOR, 0))


def test_a_network_that_changes_after_it_was_read_is_not_proven():
    layers = [nn.Linear(4, 8), nn.ReLU(), nn.Linear(8, 3)]
    problem = problem_of(lambda: nn.Sequential(*layers), VECTOR, 0)
    ends = segment_of(problem, 0, 1e-4)
    assert certified(problem, ends).kind == "sound"
    handle = torch.nn.modules.module.register_module_forward_hook(
        lambda module, _, out: 1.001 * out if isinstance(module, nn.ReLU) else None
    )
    try:
        found = certified(problem, ends)
    finally:
        handle.remove()
    assert found.kind == "sampled"
    assert "not those of the network's graph" in found.reason


def test_a_network_with_an_error_between_the_points_looked_at_only_is_not_proven():
    """Its float32 outputs are other ones than its float64 outputs."""

    def forward(self, x):
        logits = self.a(x)
        return logits if x.dtype == torch.float64 else logits * 1.1

    problem = problem_of(lambda: Wrapped(forward, a=nn.Linear(4, 3)), VECTOR, 0, looked_at=False)
    found = certified(problem, segment_of(problem, 0, 1e-4))
    assert found.kind == "sampled"
    assert "in torch.float32" in found.reason
