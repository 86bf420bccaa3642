"""The command `ramble` as a stranger runs it."""

import os
import signal
import subprocess
import sys
import time
import tomllib
from importlib import import_module
from pathlib import Path

import pytest
import torch
from checkouts import ROOT
from given_networks import folder_of, trained

from ramble.cli.main import main

COMMAND = [sys.executable, "-m", "ramble"]
GIVEN = ["--network", "mine:network", "--data", "mine:train"]


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return folder_of(tmp_path_factory.mktemp("stranger"))


def run(place: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    environment = os.environ | {"PYTHONPATH": str(ROOT / "src"), "OMP_NUM_THREADS": "1"}
    return subprocess.run(
        [*COMMAND, *arguments], cwd=place, env=environment, capture_output=True, text=True, check=False
    )


@pytest.fixture(scope="module")
def made(place: Path) -> subprocess.CompletedProcess[str]:
    return run(place, "connect", "a.pt", "b.pt", *GIVEN, "--test", "mine:test", "--out", "out")


def test_connect_prints_what_the_field_asks_for_and_writes_the_path(place, made):
    assert made.returncode == 0, made.stderr
    words = [line[:16].strip() for line in made.stdout.splitlines()]
    assert words[:5] == ["network", "data", "a", "b", "apart"]
    assert set(words) >= {"straight line", "joined", "certificate", "smallest margin", "loss barrier", "length", "cost"}
    assert {"path.safetensors", "path.csv", "profile.csv", "path.svg", "path.png"} == {
        file.name for file in (place / "out").iterdir()
    }


def test_the_file_says_all_that_verify_profile_and_spectrum_need(place, made):
    path = "out/path.safetensors"
    verified = run(place, "verify", path)
    assert (verified.returncode, verified.stderr) == (0, "")
    assert verified.stdout.startswith(f"holds  {path}: arrived")
    profiled = run(place, "profile", path, "--out", "again.csv")
    assert profiled.returncode == 0, profiled.stderr
    assert (place / "again.csv").read_bytes() == (place / "out" / "profile.csv").read_bytes()
    spectrum = run(place, "spectrum", path, "--top", "3", "--points", "2")
    assert spectrum.returncode == 0, spectrum.stderr
    assert "eig_3" in (place / "out" / "spectrum.csv").read_text()


@pytest.mark.skipif(not Path("/dev/full").is_char_device(), reason="no device that is always full")
def test_a_full_disk_below_what_is_printed_is_no_fault_of_anybody(place, made):
    environment = os.environ | {"PYTHONPATH": str(ROOT / "src"), "OMP_NUM_THREADS": "1"}
    for command in (["verify"], ["profile", "--out", "again.csv"]):
        with Path("/dev/full").open("w") as full:
            done = subprocess.run(
                [*COMMAND, *command, "out/path.safetensors"],
                cwd=place, env=environment, stdout=full, stderr=subprocess.PIPE, text=True, check=False,
            )  # fmt: skip
        assert done.returncode == 2
        errors = [line for line in done.stderr.splitlines() if "error" in line.lower()]
        assert len(errors) == 1, done.stderr
        assert "what it prints cannot be written (no space left there)" in errors[0]


def test_a_device_is_not_replaced_by_a_table(place, made):
    done = run(place, "profile", "out/path.safetensors", "--out", "/dev/full")
    assert done.returncode == 2
    assert "/dev/full: is no regular file" in done.stderr
    assert Path("/dev/full").is_char_device()


def test_verify_fails_where_the_data_are_others(place, made):
    done = run(place, "verify", "out/path.safetensors", "--data", "mine:other")
    assert done.returncode == 1
    assert "FAILS" in done.stdout
    done = run(place, "profile", "out/path.safetensors", "--data", "mine:other")
    assert (done.returncode, done.stdout) == (2, "")
    assert "was made from another mine:other" in done.stderr


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["a.pt", "a.pt", *GIVEN], "a.pt and a.pt hold the same weights"),
        (["a.pt", "nowhere.pt", *GIVEN], "nowhere.pt: is missing"),
        (["a.pt", "early.pt", *GIVEN], "--max-errors"),
        (["a.pt", "b.pt", "--network", "mine:narrow", "--data", "mine:train"], "has the shape"),
        (["a.pt", "b.pt", "--network", "mine:network", "--data", "mine:other"], "trained on another data set"),
        (["a.pt", "b.pt", "--network", "mine:network", "--data", "mine:nothing"], "is no data set"),
        (["a.pt", "b.pt", *GIVEN, "--device", "cuda:77"], "device: 'cuda:77'"),
        (["a.pt", "b.pt", *GIVEN, "--max-errors", "15"], "allows all 15"),
        (["a.pt", "b.pt", *GIVEN, "--out", "/proc/none"], "/proc is no folder that can be written to"),
        (["a.pt", "b.pt", *GIVEN, "--test", "mine:out_of_range"], "mine:out_of_range: the labels of 'test'"),
        (["a.pt", "b.pt", *GIVEN, "--test", "mine:other_shape"], "inputs must have the shape that its layers take"),
    ],
)
def test_bad_input_is_one_sentence_and_exit_code_2(place, arguments, sentence, monkeypatch, capsys):
    monkeypatch.chdir(place)
    monkeypatch.setattr(sys, "path", list(sys.path))
    assert main(["connect", "--out", "bad", *arguments]) == 2
    printed = capsys.readouterr()
    assert printed.out == ""
    (line,) = [line for line in printed.err.splitlines() if line.startswith("error: ")]
    assert sentence in line
    assert not (place / "bad").exists()


def test_the_console_script_is_this_command():
    scripts = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["scripts"]
    module, _, name = scripts["ramble"].partition(":")
    assert getattr(import_module(module), name) is main


def test_an_interrupted_command_goes_on_where_it_was(place):
    torch.save(trained(5).state_dict(), place / "c.pt")
    arguments = [*COMMAND, "connect", "a.pt", "c.pt", *GIVEN, "--out", "interrupted"]
    environment = os.environ | {"PYTHONPATH": str(ROOT / "src")}
    process = subprocess.Popen(arguments, cwd=place, env=environment, stderr=subprocess.PIPE, text=True)
    time.sleep(1)
    process.send_signal(signal.SIGINT)
    process.communicate(timeout=300)
    if process.returncode != 0:  # else it was faster than the signal
        assert process.returncode in (130, -signal.SIGINT)
        assert not (place / "interrupted" / "path.safetensors").exists()
    done = run(place, *arguments[len(COMMAND) :])
    assert done.returncode == 0, done.stderr
    assert not [file.name for file in (place / "interrupted").iterdir() if "checkpoint" in file.name]
