"""The code that runs is the code that is named: real runs of copies beside another package that is installed."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from checkouts import ROOT, Checkout
from own_study import DATA, HELPER, SOLUTIONS, with_own_study
from versioned import Versioned

from ramble.parameters.origin import read_origin
from ramble.store.tensors import read_tensors

pytestmark = pytest.mark.slow

COMMITTEE_DATA = "results/tcm/data/0.safetensors"


def run_with(checkout: Checkout, python_path: str | None, *command: str) -> subprocess.CompletedProcess[str]:
    """Run a command in a copy while another package is the installed one, or comes first on PYTHONPATH."""
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    if python_path is not None:
        environment["PYTHONPATH"] = python_path
    return subprocess.run(command, cwd=checkout.root, env=environment, capture_output=True, text=True, check=False)


@pytest.mark.parametrize("python_path", [None, f"{ROOT}/src:{ROOT}"])
def test_a_checkout_runs_its_own_package(checkout: Checkout, python_path: str | None) -> None:
    command = checkout.command(COMMITTEE_DATA)
    assert run_with(checkout, python_path, *command).returncode == 0
    planned = run_with(checkout, python_path, *checkout.command(COMMITTEE_DATA, dry=True))
    assert "Nothing to be done" in planned.stdout + planned.stderr
    module = checkout.root / "src/ramble/problems/patterns.py"
    module.write_text(module.read_text() + "\nraise RuntimeError('the code of the copy')\n")
    planned = run_with(checkout, python_path, *checkout.command(COMMITTEE_DATA, dry=True))
    assert "data_tcm" in planned.stdout + planned.stderr
    done = run_with(checkout, python_path, *command)
    assert done.returncode != 0
    assert "the code of the copy" in done.stdout + done.stderr


def test_what_is_imported_already_is_refused_with_both_folders(checkout: Checkout) -> None:
    code = "import sys, ramble; from snakemake.cli import main; sys.exit(main(sys.argv[1:]))"
    options = checkout.command(COMMITTEE_DATA)[3:]
    done = run_with(checkout, str(ROOT / "src"), sys.executable, "-c", code, *options)
    assert done.returncode != 0
    text = done.stdout + done.stderr
    assert f"runs the package in {checkout.root / 'src'}, but the one imported lies in {ROOT / 'src'}" in text
    assert not (checkout.root / "results").exists()


def test_a_job_that_would_import_another_package_refuses_with_both_folders(checkout: Checkout, tmp_path: Path) -> None:
    custom = tmp_path / "custom"
    custom.mkdir()
    (custom / "sitecustomize.py").write_text(f"import sys; sys.path.insert(0, {str(ROOT / 'src')!r})\n")
    done = run_with(checkout, str(custom), *checkout.command(COMMITTEE_DATA))
    assert done.returncode != 0
    (line, *_) = [line for line in (done.stdout + done.stderr).splitlines() if line.startswith("error: this job")]
    assert f"{ROOT}/src/ramble, and its workflow runs the one in {checkout.root}/src/ramble" in line
    assert not (checkout.root / COMMITTEE_DATA).exists()


def test_a_changed_helper_of_a_users_module_runs_its_jobs_again(checkout: Checkout) -> None:
    with_own_study(checkout).run(DATA)
    assert read_tensors(checkout.root / DATA)[0]["patterns"].unique().tolist() == [1]
    helper = checkout.root / "mypkg/helper.py"
    helper.write_text("SIGN = -1\n")
    assert checkout.planned(DATA) == {"data_own": 1}
    checkout.run(DATA)
    assert read_tensors(checkout.root / DATA)[0]["patterns"].unique().tolist() == [-1]
    made = (checkout.root / DATA).read_bytes()
    # newer and the same: by content nothing is to be done
    for file in (helper, *(checkout.root / "workflow/scripts").glob("*.py")):
        file.touch()
    assert not checkout.planned(DATA)
    helper.write_text(HELPER)
    checkout.run(DATA)
    helper.write_text("SIGN = -1\n")
    checkout.run(DATA)
    assert (checkout.root / DATA).read_bytes() == made


@pytest.mark.parametrize(
    "module", ["mypkg/problem.py", "src/ramble/training/descent.py", "workflow/scripts/solutions.py"]
)
def test_code_that_is_edited_while_jobs_run_is_not_taken_for_what_was_planned(checkout: Checkout, module: str) -> None:
    with_own_study(checkout)
    maker = checkout.root / "mypkg/maker.py"
    edit = f"open({module!r}, 'a').write('# an edit\\n')"  # by the job before
    maker.write_text(f"{maker.read_text()}\n{edit}\n")
    done = checkout.run(SOLUTIONS, check=False)
    assert done.returncode != 0
    text = done.stdout + done.stderr
    assert "is not what it was when the run was planned; run snakemake again" in text
    assert not (checkout.root / SOLUTIONS).exists()


def test_commits_that_do_not_touch_a_steps_code_change_no_byte(checkout: Checkout) -> None:
    project = Versioned(with_own_study(checkout).root)
    project.call("git", "init", "--quiet", "--initial-branch", "main")
    project.commit("Begin")

    def made() -> list[bytes]:
        shutil.rmtree(project.root / "results", ignore_errors=True)
        project.call(*checkout.command(SOLUTIONS))
        return [(project.root / name).read_bytes() for name in sorted(project.files())]

    before = made()
    assert len(before) == 4
    assert read_origin(project.root / SOLUTIONS).code.endswith(" of solutions mypkg.problem.Committee")
    project.edit("README.md", "# ramble", "# ramble\n\nResults are recorded.")
    module = project.root / "src/ramble/studies/paths/drawing/losses.py"
    module.write_text(module.read_text() + "\n# an edit of another step\n")
    project.commit("Record results, and edit another step")
    project.call("git", "tag", "v9.9")
    assert made() == before
    module.write_text(module.read_text() + "# not even committed\n")
    assert made() == before
    helper = project.root / "mypkg/helper.py"
    helper.write_text(helper.read_text() + "# an edit of the data's step\n")
    changed = [now != then for now, then in zip(made(), before, strict=True)]
    assert changed == ["/data/" in name for name in sorted(project.files())]
