"""Two given networks, joined from Python."""

import re
import subprocess
import sys

import numpy as np
import pandas as pd
import pytest
import torch
from given_networks import network, samples, trained
from small_problems import ProductNetwork
from torch import nn

import ramble
from ramble.errors import RambleError
from ramble.problems.joined import Sources
from ramble.store.tensors import read_tensors, write_tensors


@pytest.fixture(scope="module")
def ends() -> tuple[nn.Module, nn.Module]:
    return trained(1), trained(2)


@pytest.fixture(scope="module")
def made(ends, tmp_path_factory):
    folder = tmp_path_factory.mktemp("made")
    return ramble.connect(network, samples(), *ends, test=samples(), out=folder, keep_order=True), folder


@pytest.fixture(scope="module")
def reordered(ends, tmp_path_factory):
    folder = tmp_path_factory.mktemp("reordered")
    return ramble.connect(network, samples(), *ends, out=folder), folder


def sources(ends) -> Sources:
    return Sources(network=network, data=samples())


def test_importing_the_package_imports_no_torch():
    code = "import sys, ramble, ramble.cli.main; print('torch' in sys.modules, ramble.__all__)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False ['RambleError', 'Sources', 'connect', 'profile', 'spectrum', 'verify']"


def test_a_path_joins_and_says_what_is_known_of_it(made, ends):
    path, _ = made
    assert path.joins
    assert path.certificate in ("sound", "sampled")
    assert torch.equal(path.points[0], path.problem.weights_of(ends[0].state_dict()))
    assert torch.equal(path.points[-1], path.problem.weights_of(ends[1].state_dict()))
    assert (path.t[0], path.t[-1]) == (0.0, 1.0)
    assert path.length >= 1.0
    inputs, labels = samples()
    for point in path.points:
        found = path.problem.network(point)(inputs)
        assert (found.argmax(1) == labels).all()


def test_the_margin_and_the_barrier_are_those_of_plain_torch(made):
    path, _ = made
    inputs, labels = samples()
    losses, least = [], []
    with torch.no_grad():
        for point in path.points.double():
            logits = path.problem.network(point)(inputs.double())
            losses.append(nn.functional.cross_entropy(logits, labels))
            true = logits.gather(1, labels[:, None]).squeeze(1)
            least.append((true - logits.scatter(1, labels[:, None], -torch.inf).amax(1)).min())
    walked = torch.cat([torch.zeros(1), path.points.double().diff(dim=0).norm(dim=1).cumsum(0)])
    shares = walked / walked[-1]
    above = torch.stack(losses) - (1 - shares) * losses[0] - shares * losses[-1]
    assert path.barrier == pytest.approx(float(above.max()), rel=1e-3, abs=1e-6)
    assert path.min_margin <= float(min(least)) * (1 + 1e-4)


def test_the_line_to_reordered_units_ends_at_the_function_of_b(reordered, ends):
    path, folder = reordered
    assert (path.joins, path.reordered, path.route.tracker, path.route.aligned_errors) == (True, True, "aligned", 0)
    assert "with b reordered" in str(path)
    own = path.problem.weights_of(ends[1].state_dict())
    assert not torch.equal(path.points[-1], own)
    assert torch.equal(path.points[-1].sort().values, own.sort().values)
    inputs = torch.randn(50, 3, generator=torch.Generator().manual_seed(1))
    with torch.no_grad():
        torch.testing.assert_close(path.problem.network(path.points[-1])(inputs), ends[1](inputs))
    verdict = ramble.verify(folder / "path.safetensors", sources(ends))
    assert verdict.holds, verdict


def test_another_order_than_the_path_s_is_noticed(reordered, ends, tmp_path):
    tensors, header = read_tensors(reordered[1] / "path.safetensors")
    order = tensors["end_order"]
    order[[0, 3]] = order[[3, 0]]
    write_tensors(tmp_path / "path.safetensors", tensors, header)
    verdict = ramble.verify(tmp_path / "path.safetensors", sources(ends))
    assert "is another network" in str(verdict)


def test_a_straight_line_without_errors_is_done_at_once(ends):
    near = trained(1)
    with torch.no_grad():
        for value in near.parameters():
            value.mul_(1.1)
    path = ramble.connect(network, samples(), ends[0], near)
    assert (path.route.tracker, path.route.line_errors, path.route.gradients) == ("line", 0, 0)
    assert path.joins
    assert not path.reordered


def test_what_is_written_is_confirmed_by_other_code(made, ends):
    _, folder = made
    assert {file.name for file in folder.iterdir()} == {
        "path.safetensors", "path.csv", "profile.csv", "path.svg", "path.png", "a.safetensors", "b.safetensors",
    }  # fmt: skip
    verdict = ramble.verify(folder / "path.safetensors", sources(ends))
    assert verdict.holds, verdict
    assert pd.read_csv(folder / "profile.csv", comment="#").train_errors.eq(0).all()


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        (lambda made, ends: Sources(network=network, data=(-samples()[0], samples()[1])), "made from another data"),
        (lambda made, ends: Sources(network=network, data=samples(), a=trained(4)), "made from another a"),
        (lambda made, ends: Sources(network=network, data=samples(), b=trained(4)), "made from another b"),
    ],
)
def test_other_data_and_other_ends_are_noticed(made, ends, change, sentence):
    verdict = ramble.verify(made[1] / "path.safetensors", change(made, ends))
    assert not verdict.holds
    assert sentence in str(verdict)


def test_a_point_with_errors_is_noticed(made, ends, tmp_path):
    tensors, header = read_tensors(made[1] / "path.safetensors")
    middle = len(tensors["points"]) // 2
    tensors["points"][middle] *= -1
    write_tensors(tmp_path / "path.safetensors", tensors, header)
    verdict = ramble.verify(tmp_path / "path.safetensors", sources(ends))
    assert not verdict.holds
    assert re.search(r"segment \d+ has \d+ error", str(verdict))


def test_errors_that_the_file_alone_permits_are_said(made, ends, tmp_path):
    tensors, header = read_tensors(made[1] / "path.safetensors")
    assert "PERMITTED" not in str(ramble.verify(made[1] / "path.safetensors", sources(ends)))
    write_tensors(tmp_path / "path.safetensors", tensors, header | {"max_errors": "5"})
    said = str(ramble.verify(tmp_path / "path.safetensors", sources(ends)))
    assert "5 errors PERMITTED at every point" in said
    assert ", max_errors, certificate_resolution, " in said.partition("not compared")[2]


def test_profile_and_spectrum_take_the_path_the_problem_or_the_file(made, ends):
    path, folder = made
    file = folder / "path.safetensors"
    rows = [ramble.profile(path), ramble.profile(path.problem, path), ramble.profile(file, sources=sources(ends))]
    assert all(one.train_loss.equals(rows[0].train_loss) for one in rows)
    assert len(rows[0]) == len(path.points)
    found = [ramble.spectrum(path, top=3, count=2), ramble.spectrum(path.problem, path, top=3, count=2)]
    pd.testing.assert_frame_equal(*found)
    exact = torch.linalg.eigvalsh(dense_hessian(path.problem.network(path.points[0]).double()))
    largest, _ = exact[exact.abs().argsort(descending=True)[:3]].sort(descending=True)
    measured = torch.tensor([found[0].loc[0, f"eig_{number}"] for number in (1, 2, 3)])
    torch.testing.assert_close(measured, largest, rtol=2e-3, atol=1e-7)


def test_names_are_those_that_a_shell_completes():
    assert dir(ramble) == ["RambleError", "Sources", "connect", "profile", "spectrum", "verify"]
    assert ramble.Sources is Sources


def test_the_path_of_others_is_not_replaced_and_a_spectrum_of_another_not_kept(ends, tmp_path):
    folder = tmp_path / "out"
    folder.mkdir()
    (folder / "spectrum.csv").write_text("somebody's own")
    first = ramble.connect(network, samples(), *ends, out=folder, keep_order=True)
    assert (folder / "spectrum.csv").read_text() == "somebody's own"  # there was no path that it could be of
    ramble.spectrum(first, top=1, count=2).to_csv(folder / "spectrum.csv")
    kept = (folder / "path.safetensors").read_bytes()
    for others, data in ((tuple(reversed(ends)), samples()), (ends, (2 * samples()[0], samples()[1]))):
        with pytest.raises(RambleError, match="is a path between other networks, or on other data; name"):
            ramble.connect(network, data, *others, out=folder)
    assert (folder / "path.safetensors").read_bytes() == kept
    first.save(folder)  # the same path
    assert (folder / "spectrum.csv").exists()
    ramble.connect(network, samples(), *ends, out=folder)  # to b with its units reordered
    assert (folder / "path.safetensors").read_bytes() != kept
    assert not (folder / "spectrum.csv").exists()


def dense_hessian(found: nn.Module) -> torch.Tensor:
    inputs, labels = samples()
    values = list(found.parameters())
    flat = torch.cat([value.detach().flatten() for value in values])

    def loss(weights: torch.Tensor) -> torch.Tensor:
        parts = weights.split([value.numel() for value in values])
        state = {name: part.view_as(v) for (name, v), part in zip(found.named_parameters(), parts, strict=True)}
        return nn.functional.cross_entropy(torch.func.functional_call(found, state, (inputs.double(),)), labels)

    return torch.autograd.functional.hessian(loss, flat)  # type: ignore[no-any-return]


@pytest.mark.parametrize(
    ("call", "sentence"),
    [
        (lambda a, b: ramble.connect(network, samples(), a, a), "a and b hold the same weights; give two networks"),
        (
            lambda a, b: ramble.connect(network, samples(), a, trained(3, steps=12)),
            r"b: makes \d errors on the 15",
        ),
        (lambda a, b: ramble.connect(network, (-samples()[0], samples()[1]), a, b), "trained on another data set"),
        (lambda a, b: ramble.connect(network, samples(), a, b, max_errors=15), "allows all 15 training samples"),
        (lambda a, b: ramble.connect(network, samples(), a, b, max_errors="many"), "many is neither a whole number of"),
        (lambda a, b: ramble.spectrum(network, top=3), "is a function, and no path; give"),
    ],
)
def test_bad_input_is_one_sentence(ends, call, sentence):
    with pytest.raises(RambleError, match=sentence):
        call(*ends)


def test_permitted_errors_let_networks_with_errors_be_joined(ends):
    early = trained(3, steps=12)
    inputs, labels = samples()
    count = int((early(inputs).argmax(1) != labels).sum())
    assert 0 < count < 7
    path = ramble.connect(network, samples(), ends[0], early, max_errors=np.int64(count))
    assert path.joins
    assert path.profile.train_errors.max() <= count
    assert path.profile.train_errors.iloc[-1] == count
    but = f" but for {count} sample{'s' * (count > 1)}"
    lines = {line[:16].strip(): line[16:] for line in str(path).splitlines()}
    assert lines["smallest margin"].endswith(f" on the path{but}")
    assert lines["a"].endswith(but)
    assert lines["b"].endswith(but)


def test_a_path_that_does_not_join_is_written_and_says_so(tmp_path):
    torn = ({"factors": torch.tensor(values)} for values in ([1.0, 1.5], [-1.2, -1.0]))
    data = torch.ones(1, 1), torch.zeros(1, dtype=torch.long)
    path = ramble.connect(ProductNetwork, data, *torn, attempts=1, out=tmp_path)
    assert not path.joins
    assert path.certificate == "none"
    assert "NO (tracker adaptive: " in str(path)
    assert "more attempts (--attempts)" in str(path)
    assert path.min_margin == path.profile.train_min_margin.min() < 0
    assert f"smallest margin {path.min_margin:.4g} on the path" in str(path)
    _, header = read_tensors(tmp_path / "path.safetensors")
    assert header["status"] != "arrived"
    assert not ramble.verify(tmp_path / "path.safetensors", Sources(network=ProductNetwork, data=data)).holds


def test_one_network_with_its_units_in_two_orders_is_one_point(ends, tmp_path):
    first = ends[0].state_dict()
    order = torch.arange(39, -1, -1)
    other = first | {"0.weight": first["0.weight"][order], "0.bias": first["0.bias"][order]}
    other["2.weight"] = first["2.weight"][:, order]
    path = ramble.connect(network, samples(), first, other, test=samples(), out=tmp_path)
    assert path.joins
    assert path.reordered
    assert (len(path.points), path.length, path.barrier) == (1, 1.0, 0.0)
    assert "0, both ends are one network" in str(path)
    assert len(path.profile) == 1
    lines = [line for axes in path.plot().axes for line in axes.get_lines()]
    assert len(lines) == 4
    assert all(line.get_marker() == "o" for line in lines)
    assert (tmp_path / "path.svg").is_file()
    verdict = ramble.verify(tmp_path / "path.safetensors", Sources(network=network, data=samples(), a=first, b=other))
    assert verdict.holds, str(verdict)
    assert len(ramble.spectrum(path, top=2, count=2)) == 1


def test_a_profile_says_on_which_samples_it_was_measured(ends):
    inputs, labels = samples()
    with_test = [ramble.connect(network, samples(), *ends, test=(inputs + shift, labels)) for shift in (0.1, 0.2)]
    one, other = (ramble.profile(path) for path in with_test)
    assert len(set(one.test_digest)) == 1
    assert one.test_digest[0] != other.test_digest[0]
    assert one.train_digest[0] == other.train_digest[0] == with_test[0].given.digest("train")
    assert "test_digest" not in ramble.profile(ramble.connect(network, samples(), *ends))


def test_errors_that_only_re_estimated_statistics_make_are_said_to_be_theirs():
    torch.manual_seed(0)
    inputs = torch.randn(60, 6)

    def make() -> nn.Module:
        return nn.Sequential(nn.Linear(6, 12), nn.BatchNorm1d(12), nn.ReLU(), nn.Linear(12, 2))

    first, second = make().eval(), make().eval()
    for each in (first, second):
        each[1].running_mean.fill_(9.0)  # far from any that the inputs have: all hidden units are off
        with torch.no_grad():
            each[3].bias.copy_(torch.tensor([1e-3, -1e-3]))
    labels = torch.zeros(60, dtype=torch.long)
    keeping = r"; keep these statistics with --batch-norm fold \(batch_norm='fold'\)"
    with pytest.raises(
        RambleError, match=r"^a: makes \d+ errors on .* of batch norm re-estimated, and 0 as it is given" + keeping
    ):
        ramble.connect(make, (inputs, labels), first, second)


def test_a_network_that_ends_in_a_sigmoid_is_told_so():
    torch.manual_seed(0)
    inputs = torch.randn(30, 6)
    labels = (inputs[:, 0] > 0).long()

    def make() -> nn.Module:
        return nn.Sequential(nn.Linear(6, 1), nn.Sigmoid())

    first, second = make(), make()
    with pytest.raises(RambleError, match=r"lies between 0 and 1, as after a sigmoid, .* leave the sigmoid out"):
        ramble.connect(make, (inputs, labels), first, second)


class Versioned(nn.Linear):
    """Loads what says of which version it is, and nothing else."""

    _version = 2

    def _load_from_state_dict(self, state, prefix, metadata, *rest) -> None:
        assert metadata.get("version") == 2
        super()._load_from_state_dict(state, prefix, metadata, *rest)


@pytest.mark.parametrize("way", ["fold", "reestimate"])
def test_networks_whose_loading_asks_for_a_version_and_checkpoints_without_counts_are_taken(way):
    def make() -> nn.Module:
        return nn.Sequential(Versioned(6, 12), nn.BatchNorm1d(12), nn.ReLU(), nn.Linear(12, 2))

    torch.manual_seed(0)
    inputs, labels = torch.randn(40, 6), torch.arange(40) % 2
    states = [{name: value for name, value in make().state_dict().items() if "num" not in name} for _ in range(2)]
    assert ramble.connect(make, (inputs, labels), *states, batch_norm=way, max_errors=39, seconds=5).joins
