"""Real dry runs of snakemake with files laid over params.yaml, and with values on the command line."""

import os
import re
import subprocess
import sys
from itertools import islice
from pathlib import Path

import pytest
from checkouts import ROOT, Checkout

from ramble.parameters.document import read_parameters
from ramble.store.tensors import read_tensors

pytestmark = pytest.mark.slow


def dry_run(folder: Path, *options: str, limit: float = 120) -> str:
    """All that a dry run in a folder prints, with the project's Snakefile."""
    command = [sys.executable, "-m", "snakemake", "--snakefile", str(ROOT / "Snakefile"), "--dry-run", *options]
    done = subprocess.run(
        [*command, "--", "claims"], cwd=folder, env=os.environ | {"PYTHONPATH": str(ROOT / "src")},
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False, timeout=limit,
    )  # fmt: skip
    return done.stdout


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder to run in, with the shipped parameters."""
    (tmp_path / "params.yaml").write_bytes((ROOT / "params.yaml").read_bytes())
    return tmp_path


@pytest.mark.parametrize(
    ("overlay", "says"),
    [
        ("seed: 5\nseed: 6\n", "top.yaml, line 2: seed is given twice; correct the file"),
        ("device: cpu\nseed: 02017\n", "top.yaml, line 2: 02017 is not the same to all readers of YAML"),
        ("seed: 1_000\n", "top.yaml, line 1: 1_000 is not the same to all readers of YAML"),
        ("seed: yes\n", "top.yaml, line 1: yes is a truth value for some readers of YAML"),
        ("seed: &a [x]\npaper: &b [*a, *b]\n", "top.yaml, line 2: b holds itself"),
        ("figures: {mine: {kind: plan}}\n", "params.yaml + top.yaml: figures.mine.kind = plan is unknown; write one"),
        ("studies: {tcm: {threads: 0}}\n", "params.yaml + top.yaml: studies.tcm.threads = 0 should be"),
    ],
)
def test_a_wrong_overlay_gets_the_sentence_that_params_yaml_gets(folder: Path, overlay: str, says: str) -> None:
    (folder / "top.yaml").write_text(overlay)
    told = dry_run(folder, "--configfile", "top.yaml")
    assert [line for line in told.splitlines() if line.removeprefix("error: ").startswith(says)], told
    assert "Job stats" not in told


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"studies:\n\ttcm:\n", "line 2: found character that cannot start any token; correct the file"),
        (b"# nothing yet\n", "holds no keys; write 'key: value' lines"),
        (b"- seed\n", "holds no keys; write 'key: value' lines"),
        (b"seed: 5 # \xe9\n", "line 1: byte 10 is not UTF-8; save the file as UTF-8"),
        (None, "is missing; name a file with 'key: value' lines"),
    ],
)
def test_what_snakemake_itself_would_read_first_gets_a_sentence_too(
    folder: Path, content: bytes | None, says: str
) -> None:
    if content is not None:
        (folder / "top.yaml").write_bytes(content)
    told = dry_run(folder, "--configfile", "top.yaml")
    assert [line for line in told.splitlines() if line.startswith("error: top.yaml") and says in line], told
    assert "Traceback" not in told


def test_neither_a_pipe_nor_a_device_nor_a_bomb_of_aliases_holds_up_a_run(folder: Path) -> None:
    os.mkfifo(folder / "pipe.yaml")
    levels = [f"  a{n}: &a{n} {{{', '.join(f'k{k}: *a{n - 1}' for k in range(9))}}}" for n in range(1, 10)]
    (folder / "bomb.yaml").write_text("\n".join(["x:", "  a0: &a0 {k: v}", *levels]))
    for file, says in (
        ("pipe.yaml", "is a pipe, a socket or a device, not a file"),
        ("/dev/zero", "is a pipe, a socket or a device, not a file"),
        ("bomb.yaml", "more than 100000 values"),
    ):
        assert f"error: {file}" in (told := dry_run(folder, "--configfile", file, limit=60)), told
        assert says in told


def test_a_pipe_in_place_of_the_parameters_is_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "params.yaml")
    assert "\nparams.yaml: is a pipe, a socket or a device, not a file" in dry_run(tmp_path)
    (tmp_path / "params.yaml").unlink()
    assert "\nparams.yaml: is missing; name a file" in dry_run(tmp_path)


def test_a_long_plan_is_said_before_it_is_made(folder: Path) -> None:
    (folder / "top.yaml").write_text("studies: {tcm: {data: {datasets: 1000}}}\n")
    command = [sys.executable, "-m", "snakemake", "--snakefile", str(ROOT / "Snakefile"), "--dry-run"]
    process = subprocess.Popen(
        [*command, "--configfile", "top.yaml"], cwd=folder, env=os.environ | {"PYTHONPATH": str(ROOT / "src")},
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
    )  # fmt: skip
    assert process.stdout is not None
    with process.stdout:
        said = [line for line in islice(process.stdout, 2) if line.startswith("params.yaml + top.yaml: about ")]
    process.kill()
    process.wait()
    (line,) = said
    assert re.fullmatch(r"params.yaml \+ top.yaml: about 67\d\d\d files to plan, which takes a while.\n", line)


def test_small_numbers_that_dvc_writes_are_numbers(folder: Path) -> None:
    text = (folder / "params.yaml").read_text().replace("stall_gain: 0.002", "stall_gain: 1e-05")
    (folder / "params.yaml").write_text(text)
    (folder / "top.yaml").write_text("claims: {zero_eigenvalue: 1e-07}\n")
    assert "Job stats" in dry_run(folder, "--configfile", "top.yaml")
    parameters = read_parameters([folder / "params.yaml", folder / "top.yaml"])
    assert parameters.studies["tcm"].trackers["paper_tuned"].stall_gain == 1e-5  # type: ignore[union-attr]
    assert parameters.claims.zero_eigenvalue == 1e-7


@pytest.mark.parametrize("overlays", [["tests/tiny.yaml"], ["tests/small.yaml", "tests/tiny.yaml"]])
def test_studies_of_null_are_left_out_of_a_run(folder: Path, overlays: list[str]) -> None:
    told = dry_run(folder, "--configfile", *(str(ROOT / name) for name in overlays))
    assert "Job stats" in told, told
    assert "paths_tcm_line_0" in told
    assert "tcm_guarded" not in told


@pytest.mark.parametrize(
    ("given", "says"),
    [
        ("seed=02017", "--config seed=02017: 02017 is not the same to all readers of YAML"),
        ("seed=-1", "params.yaml + --config: seed = -1 should be greater than or equal to 0"),
        ("studies={tcm: {threads: 2}}", "Job stats"),
        ("claims={zero_eigenvalue: 1e-7}", "Job stats"),
    ],
)
def test_values_of_the_command_line_are_read_alike(folder: Path, given: str, says: str) -> None:
    assert says in dry_run(folder, "--config", given)


def test_all_can_come_from_overlays(folder: Path) -> None:
    (folder / "params.yaml").rename(folder / "mine.yaml")
    (folder / "top.yaml").write_text("seed: -1\n")
    assert "Job stats" in dry_run(folder, "--configfile", "mine.yaml")
    assert "mine.yaml + top.yaml: seed = -1" in dry_run(folder, "--configfile", "mine.yaml", "top.yaml")
    (folder / "params.yaml").write_text("sead: 1\n")
    assert "sead is not a known key" in dry_run(folder, "--configfile", "mine.yaml")
    assert "Job stats" in dry_run(folder, "--configfile", "mine.yaml", "--replace-workflow-config")


def test_an_overlay_reaches_the_jobs(checkout: Checkout) -> None:
    text = "studies: {tcm: {data: {arguments: {patterns: 9, inputs: 6}}}, tcm_load: null}\n"
    (checkout.root / "top.yaml").write_text(text)
    target = "results/tcm/data/0.safetensors"
    command = [sys.executable, "-m", "snakemake", "--cores", "1", "--configfile", "top.yaml", "--", target]
    done = subprocess.run(
        command, cwd=checkout.root, env=checkout.environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    data, _ = read_tensors(checkout.root / target)
    assert data["patterns"].shape == (9, 6)
