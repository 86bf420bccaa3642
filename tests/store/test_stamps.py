"""Every artifact says where it comes from, in every format."""

import importlib
import re
import shutil
import sys
import time
from importlib.metadata import version
from pathlib import Path

import pandas as pd
import pytest
import torch
from checkouts import ROOT
from matplotlib import pyplot as plt
from safetensors.torch import save as packed
from test_provenance import clear_cache

from ramble.__main__ import main
from ramble.errors import RambleError
from ramble.parameters.digests import key_digests, value_at
from ramble.parameters.document import read_parameters
from ramble.parameters.origin import read_origin
from ramble.store import code, running, stamps
from ramble.store.artifacts import read_table, write_table
from ramble.store.content import check_table, sealed_table, sealed_tensors
from ramble.store.tensors import read_tensors, write_tensors
from ramble.studies.paths.drawing.style import save

PARAMETERS = ROOT / "params.yaml"
KEYS = ["seed", "studies.tcm.trackers.paper"]
SCRIPT = ROOT / "workflow/scripts/data.py"
CODE = code.code_text(SCRIPT)
FILES = ("a.safetensors", "a.csv", "a.svg", "a.png", "a.pdf")


@pytest.fixture
def made(tmp_path, monkeypatch):
    """One artifact of each format in results/tcm/made, written as in a job of the workflow."""
    monkeypatch.chdir(tmp_path)
    parameters = read_parameters([PARAMETERS])
    monkeypatch.setattr(running, "code", None)
    monkeypatch.setattr(stamps, "making", None)
    monkeypatch.setattr(sys, "meta_path", sys.meta_path[:])
    stamps.begin(CODE, str(SCRIPT.parent), {key: value_at(parameters, key) for key in KEYS}, [])
    write_tensors("results/tcm/made/a.safetensors", {"w": torch.ones(2)}, {"study": "tcm"})
    write_table("results/tcm/made/a.csv", pd.DataFrame({"t": [0.0, 0.5], "name": ["x", "y"]}))
    save(plt.figure(figsize=(1, 1)), [f"results/tcm/made/a.{suffix}" for suffix in ("svg", "png", "pdf")])
    return tmp_path / "results/tcm/made"


@pytest.mark.parametrize("name", FILES)
def test_an_artifact_says_where_it_comes_from(made, name):
    origin = read_origin(made / name)
    assert (origin.studies, origin.code) == ("tcm", CODE)
    assert CODE.endswith(" of data")
    assert origin.digests == key_digests(read_parameters([PARAMETERS]), KEYS)
    assert list(origin.digests) == KEYS
    assert f"torch-{version('torch')}" in origin.packages


@pytest.mark.parametrize("name", FILES)
def test_the_command_names_the_parameters_that_changed(made, name, capsys):
    arguments = ["provenance", str(made / name), "--params"]
    assert main([*arguments, str(PARAMETERS)]) == 0
    assert capsys.readouterr().out.endswith(f"  matches {PARAMETERS}\n  code is that of {ROOT}\n")
    changed = made / "changed.yaml"
    text = PARAMETERS.read_text()
    changed.write_text(text.replace("paper: {max_steps: 12000", "paper: {max_steps: 12001", 1))
    assert main([*arguments, str(changed)]) == 1
    line = capsys.readouterr().out.splitlines()[-2]
    assert line == f"  DIFFERS from {changed} in studies.tcm.trackers.paper"


def test_the_command_says_whether_the_checkout_still_has_the_code(made, capsys):
    table, other = made / "a.csv", made / "other.csv"
    found = check_table(table, table.read_bytes())
    other.write_bytes(
        sealed_table(found.rows, found.origin.replace(f"code={CODE.split()[0]} ", "code=0123456789abcdef "))
    )
    assert main(["provenance", str(other), "--params", str(PARAMETERS)]) == 1
    assert capsys.readouterr().out.endswith(f"  code DIFFERS from that of {ROOT}\n")
    other.write_bytes(sealed_table(found.rows, found.origin.replace("of data;", "of a_script_that_is_gone;")))
    assert main(["provenance", str(other), "--params", str(PARAMETERS)]) == 0
    assert capsys.readouterr().out.endswith(f"  matches {PARAMETERS}\n")


@pytest.fixture
def planned(tmp_path, monkeypatch):
    """A script with a module of its own, planned to run in a process where nothing is planned yet."""
    (tmp_path / "own_module.py").write_text("SIGN = 1\n")
    (tmp_path / "src").mkdir()
    (tmp_path / "src/ramble").symlink_to(code.PACKAGE)
    script = tmp_path / "workflow/scripts/own_script.py"
    script.parent.mkdir(parents=True)
    script.write_text("import own_module\n")
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setattr(running, "code", None)
    monkeypatch.setattr(stamps, "making", None)
    monkeypatch.setattr(sys, "meta_path", sys.meta_path[:])
    yield script, code.code_text(script)
    sys.modules.pop("own_module", None)
    clear_cache()


def test_code_that_changed_since_it_was_planned_is_not_run(planned, tmp_path):
    script, planned_code = planned
    (tmp_path / "own_module.py").write_text("SIGN = -1\n")
    clear_cache()
    with pytest.raises(RambleError, match=r"own_script\.py, or a module that it imports, is not what it was"):
        running.begin(planned_code, script.parent)
    assert running.code is None


def test_a_job_that_imports_another_checkout_names_both(planned, tmp_path):
    script, planned_code = planned
    elsewhere = tmp_path / "elsewhere/workflow/scripts"
    elsewhere.mkdir(parents=True)
    shutil.copy(script, elsewhere)
    with pytest.raises(RambleError, match=f"{code.PACKAGE}, and its workflow runs the one in {tmp_path}/elsewhere"):
        running.begin(planned_code, elsewhere)


def test_code_that_changes_before_it_is_loaded_is_not_stamped(planned, tmp_path):
    script, planned_code = planned
    running.begin(planned_code, script.parent)
    assert f"code={planned_code}; " in stamps.stamp()
    (tmp_path / "own_module.py").write_text("SIGN = -1\n")
    importlib.import_module("own_module")
    with pytest.raises(RambleError, match=r"own_module\.py: changed while this job was loading it"):
        stamps.stamp()


def test_code_that_changes_once_it_is_loaded_is_of_no_consequence(planned, tmp_path, monkeypatch):
    script, planned_code = planned
    running.begin(planned_code, script.parent)
    importlib.import_module("own_module")
    monkeypatch.setitem(running.code.asked.times, "own_module", time.time() - 2 * running.SLACK)
    (tmp_path / "own_module.py").write_text("SIGN = -1\n")
    assert f"code={planned_code}; " in stamps.stamp()


def test_an_artifact_knows_what_its_inputs_were_made_from(made, monkeypatch):
    inputs = [str(made / name) for name in ("a.safetensors", "a.csv")]
    monkeypatch.setattr(stamps, "making", stamps.Making({"device": "auto"}, inputs))
    write_table("b.csv", pd.DataFrame({"t": [0.0]}))
    origin = read_origin(Path("b.csv"))
    assert origin.digests == read_origin(made / "a.csv").digests | {"device": stamps.digest_of("auto")}
    assert origin.studies == "tcm"


def test_inputs_of_different_parameters_make_no_artifact(made, monkeypatch):
    monkeypatch.setattr(stamps, "making", stamps.Making({"seed": 1}, [str(made / "a.csv")]))
    with pytest.raises(RambleError, match=r"a\.csv: was made with another seed than this run's parameters"):
        write_table("b.csv", pd.DataFrame({"t": [0.0]}))
    assert not Path("b.csv").exists()


def test_a_key_that_is_gone_counts_as_changed(made):
    parameters = read_parameters([PARAMETERS])
    fewer = parameters.model_copy(update={"studies": {}})
    assert read_origin(made / "a.csv").changed(fewer) == ["studies.tcm.trackers.paper"]


def test_what_says_nothing_is_reported(made, capsys, monkeypatch):
    (made / "plain.svg").write_text("<svg/>")
    (made / "plain.md").write_text("ramble provenance: study=tcm; end.")
    for name in ("plain.svg", "plain.md"):
        with pytest.raises(RambleError, match=rf"{name}: says nothing of where it comes from"):
            read_origin(made / name)
    with pytest.raises(RambleError, match=r"nothing\.csv: is missing"):
        read_origin(made / "nothing.csv")
    monkeypatch.setattr(stamps, "making", None)
    write_table("notebook.csv", pd.DataFrame({"t": [0.0]}))
    assert main(["provenance", "notebook.csv", "--params", str(PARAMETERS)]) == 2
    assert "notebook.csv: was made outside of the workflow" in capsys.readouterr().err


BEGIN, END = stamps.BEGIN, stamps.END


@pytest.mark.parametrize(
    "fields",
    [
        "", "study", "study=tcm", "study=tcm; parameters=seed:1; code=v1", "parameters=seed:1; code=v; packages=p",
        "study=tcm; parameters=seed; code=v1; packages=p", "study=tcm;parameters=seed:1;code=v1;packages=p",
    ],
)  # fmt: skip
@pytest.mark.parametrize("suffix", ["safetensors", "csv", "svg"])
def test_a_malformed_stamp_is_one_sentence(made, capsys, fields, suffix):
    file, line = made / f"b.{suffix}", f"{BEGIN}{fields}{END}"
    match suffix:
        case "safetensors":
            file.write_bytes(sealed_tensors(packed({"w": torch.ones(2)}, metadata={"provenance": line})))
        case "csv":
            file.write_bytes(sealed_table(b"a\n1\n", line))
        case "svg":
            file.write_text(line)
    assert main(["provenance", str(file), "--params", str(PARAMETERS)]) == 2
    out, err = capsys.readouterr()
    assert (out, len(err.splitlines())) == ("", 1)
    assert "is not as this package writes it" in err


def test_a_key_of_a_stamp_that_leads_into_a_number_counts_as_changed(made, capsys):
    file = made / "b.csv"
    file.write_bytes(sealed_table(b"a\n", f"{BEGIN}study=tcm; parameters=seed.x:1 :2; code=v; packages=p{END}"))
    assert main(["provenance", str(file), "--params", str(PARAMETERS)]) == 1
    assert "DIFFERS from" in capsys.readouterr().out


def test_the_line_of_a_header_is_the_one_in_its_own_field(made):
    tensors, header = read_tensors(made / "a.safetensors")
    forged = header | {"aaa": header["provenance"].replace("study=tcm", "study=other")}
    (made / "b.safetensors").write_bytes(sealed_tensors(packed(tensors, metadata=forged)))
    assert read_origin(made / "b.safetensors").studies == "tcm"


@pytest.mark.parametrize("name", ["a.safetensors", "a.csv"])
def test_what_is_damaged_matches_nothing(made, capsys, name):
    content = bytearray((made / name).read_bytes())
    content[3 if name == "a.csv" else -1] ^= 1
    (made / name).write_bytes(content)
    assert main(["provenance", str(made / name), "--params", str(PARAMETERS)]) == 2
    out, err = capsys.readouterr()
    assert not out
    assert "its content is not what its digest says" in err
    assert f"dvc checkout {made / name}" in err


def test_a_picture_says_that_its_content_is_not_checked(made, capsys):
    for name in FILES:
        assert main(["provenance", str(made / name), "--params", str(PARAMETERS)]) == 0
        checked = "  content     is what its digest says" in capsys.readouterr().out.splitlines()
        assert checked == name.endswith(("safetensors", "csv"))


def test_parameter_files_are_laid_over_one_another(made, capsys):
    changed = made / "changed.yaml"
    changed.write_text("studies: {tcm: {trackers: {paper: {max_steps: 11000}}}}")
    arguments = ["provenance", str(made / "a.csv"), "--params", str(PARAMETERS)]
    assert main([*arguments, str(changed)]) == 1
    assert f"DIFFERS from {PARAMETERS} + {changed} in studies.tcm.trackers.paper" in capsys.readouterr().out
    assert main([*arguments, str(changed), str(PARAMETERS)]) == 0


def test_a_table_reads_as_before_and_must_be_whole(made):
    file = made / "a.csv"
    assert read_table(file).to_dict("list") == {"t": [0.0, 0.5], "name": ["x", "y"]}
    pd.testing.assert_frame_equal(pd.read_csv(file, comment="#"), read_table(file))
    whole = file.read_text()
    for length in (len(whole) // 4, whole.index("#"), len(whole) - 1):
        file.write_text(whole[:length])
        with pytest.raises(RambleError, match=r"a\.csv: not a whole table \(its last line"):
            read_table(file)


def test_every_script_begins_by_holding_its_code_against_what_was_planned():
    for script in SCRIPT.parent.glob("*.py"):
        beginning = re.compile(
            r'"""[^"]+"""\n\nfrom ramble\.store\.console import (settings_of_run, )?step\n\nwith step\(snakemake\)'
        )
        assert beginning.match(script.read_text()), script
