"""What docs/how-to/own-checkpoint.md shows, word by word, on two networks that plain torch trained."""

import re
from pathlib import Path

import pytest
import torch
from checkouts import ROOT
from torch import nn

PAGE = ROOT / "docs/how-to/own-checkpoint.md"


def train(seed: int, inputs: torch.Tensor, labels: torch.Tensor) -> dict[str, torch.Tensor]:
    torch.manual_seed(seed)
    network = nn.Sequential(nn.Linear(2, 16), nn.ReLU(), nn.Linear(16, 2))
    optimiser = torch.optim.Adam(network.parameters(), 0.05)
    for _ in range(200):
        optimiser.zero_grad()
        nn.functional.cross_entropy(network(inputs), labels).backward()
        optimiser.step()
    return network.state_dict()


def test_checkpoints_are_read_as_the_page_shows(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    inputs = torch.randn(20, 2, generator=torch.Generator().manual_seed(1))
    labels = (inputs[:, 0] > 0).long()
    monkeypatch.chdir(tmp_path)
    for seed, name in enumerate(("first.pt", "second.pt")):
        torch.save(train(seed, inputs, labels), name)
    own, look, _ = re.findall(r"^```python\n(.*?)^```", PAGE.read_text(), re.MULTILINE | re.DOTALL)
    names = {"inputs": inputs, "labels": labels, "__name__": "page"}
    exec(compile(own + look, str(PAGE), "exec"), names)
    assert "tensor([0, 0])" in capsys.readouterr().out
