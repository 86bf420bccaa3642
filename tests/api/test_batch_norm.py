"""Given networks with batch norm, joined in both ways."""

import pytest
import torch
from given_networks import samples
from torch import nn

import ramble
from ramble.problems.joined import Sources
from ramble.store.artifacts import read_header


def network() -> nn.Module:
    return nn.Sequential(nn.Linear(3, 30), nn.BatchNorm1d(30), nn.ReLU(), nn.Linear(30, 3))


def trained(seed: int) -> nn.Module:
    inputs, labels = samples()
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        found = network()
    adam = torch.optim.Adam(found.parameters(), 0.02)
    for _ in range(200):
        adam.zero_grad()
        nn.functional.cross_entropy(found(inputs), labels).backward()  # type: ignore[no-untyped-call]
        adam.step()
    found.eval()
    assert (found(inputs).argmax(1) == labels).all()
    return found


@pytest.mark.parametrize("way", [None, "reestimate", "fold"])
def test_both_ways_join_and_are_confirmed(tmp_path, way):
    ends = trained(1), trained(2)
    path = ramble.connect(network, samples(), *ends, batch_norm=way, out=tmp_path, keep_order=True)
    assert path.joins, path
    assert path.problem.batch_norm == (way or "reestimate")
    assert read_header(tmp_path / "path.safetensors")["batch_norm"] == path.problem.batch_norm
    verdict = ramble.verify(tmp_path / "path.safetensors", Sources(network=network, data=samples()))
    assert verdict.holds, verdict
    inputs, labels = samples()
    for point in path.points:
        assert (path.problem.network(point)(inputs).argmax(1) == labels).all()
    told = str(path)
    assert ("folded into the layers" if way == "fold" else "statistics of 15 training samples") in told
    for letter, end, departure in zip("ab", ends, path.ends.departures, strict=True):
        with torch.no_grad():
            shift = (end(inputs) - path.problem.network(path.points[0 if letter == "a" else -1])(inputs)).abs().max()
        assert departure.largest_difference == pytest.approx(float(shift), abs=1e-4)
        assert departure.errors_given == 0
