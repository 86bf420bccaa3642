"""Every artifact says where it comes from, in every format."""

import json
from importlib.metadata import version

import pandas as pd
import pytest
import torch
from checkouts import ROOT
from matplotlib import pyplot as plt

from ramble import stamps
from ramble.__main__ import main
from ramble.artifacts import read_table, write_table
from ramble.errors import RambleError
from ramble.figures.style import save
from ramble.origin import read_origin
from ramble.parameters.digests import key_digests
from ramble.parameters.document import read_parameters
from ramble.tensors import write_tensors

PARAMETERS = ROOT / "params.yaml"
KEYS = ["seed", "studies.tcm.trackers.paper"]
FILES = ("a.safetensors", "a.csv", "a.svg", "a.png", "a.pdf")


@pytest.fixture
def made(tmp_path, monkeypatch):
    """One artifact of each format in results/tcm/made, written as in a job of the workflow."""
    monkeypatch.chdir(tmp_path)
    told = {
        "code": "v1-dirty",
        "digests": key_digests(read_parameters([PARAMETERS]), KEYS),
        "places": {"results/tcm/made": ["tcm", " ".join(KEYS)]},
    }
    monkeypatch.setenv(stamps.ENVIRONMENT, json.dumps(told))
    write_tensors("results/tcm/made/a.safetensors", {"w": torch.ones(2)}, {"study": "tcm"})
    write_table("results/tcm/made/a.csv", pd.DataFrame({"t": [0.0, 0.5], "name": ["x", "y"]}))
    save(plt.figure(figsize=(1, 1)), [f"results/tcm/made/a.{suffix}" for suffix in ("svg", "png", "pdf")])
    return tmp_path / "results/tcm/made"


@pytest.mark.parametrize("name", FILES)
def test_an_artifact_says_where_it_comes_from(made, name):
    origin = read_origin(made / name)
    assert (origin.studies, origin.code) == ("tcm", "v1-dirty")
    assert list(origin.digests) == KEYS
    assert f"torch-{version('torch')}" in origin.packages


@pytest.mark.parametrize("name", FILES)
def test_the_command_names_the_parameters_that_changed(made, name, capsys):
    arguments = ["provenance", str(made / name), "--params"]
    assert main([*arguments, str(PARAMETERS)]) == 0
    assert "matches" in capsys.readouterr().out
    changed = made / "changed.yaml"
    changed.write_text(PARAMETERS.read_text().replace("{eta: 0.2, gamma: 0.01", "{eta: 0.2, gamma: 0.02"))
    assert main([*arguments, str(changed)]) == 1
    assert "DIFFERS" in (last := capsys.readouterr().out.splitlines()[-1])
    assert last.endswith("in studies.tcm.trackers.paper")


def test_a_key_that_is_gone_counts_as_changed(made):
    parameters = read_parameters([PARAMETERS])
    fewer = parameters.model_copy(update={"studies": {}})
    assert read_origin(made / "a.csv").changed(fewer) == ["studies.tcm.trackers.paper"]


def test_what_says_nothing_is_reported(made, capsys, monkeypatch):
    (made / "plain.csv").write_text("a,b\n1,2\n")
    with pytest.raises(RambleError, match=r"plain\.csv: says nothing of where it comes from"):
        read_origin(made / "plain.csv")
    with pytest.raises(RambleError, match=r"nothing\.csv: cannot be read"):
        read_origin(made / "nothing.csv")
    monkeypatch.delenv(stamps.ENVIRONMENT)
    write_table("notebook.csv", pd.DataFrame({"t": [0.0]}))
    assert main(["provenance", "notebook.csv", "--params", str(PARAMETERS)]) == 2
    assert "notebook.csv: was made outside of the workflow" in capsys.readouterr().err


def test_a_table_reads_as_before_and_must_be_whole(made):
    file = made / "a.csv"
    assert read_table(file).to_dict("list") == {"t": [0.0, 0.5], "name": ["x", "y"]}
    pd.testing.assert_frame_equal(pd.read_csv(file, comment="#"), read_table(file))
    whole = file.read_text()
    for length in (len(whole) // 4, whole.index("#"), len(whole) - 1):
        file.write_text(whole[:length])
        with pytest.raises(RambleError, match=r"a\.csv: not a readable CSV \(its last line is missing\)"):
            read_table(file)
