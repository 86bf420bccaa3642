"""What profiles and users may say of the rules: resources by the chain's names, and studies of any name."""

import subprocess
import sys

import pytest
from checkouts import Checkout
from own_study import OVERLAY, with_own_study

pytestmark = pytest.mark.slow


def dry_run(checkout: Checkout, *options: str) -> str:
    command = [sys.executable, "-m", "snakemake", "--dry-run", "--configfile", "tests/small.yaml", *options]
    done = subprocess.run(
        command, cwd=checkout.root, env=checkout.environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
        text=True, check=False,
    )  # fmt: skip
    return done.stdout


def test_what_a_profile_sets_for_a_rule_holds_for_the_rules_that_stand_for_it(checkout: Checkout) -> None:
    chosen = ["--set-resources", "paths:mem_mb=4321", "--set-threads", "paths=2", "--cores", "2", "--quiet", "host"]
    files = ["results/tcm/paths/line/0-0-1.csv", "results/mnist/paths/line/0-0-1.csv"]  # one of many, one alone
    told = dry_run(checkout, *chosen, "--", *files)
    jobs = {job.partition(":")[0]: job for job in told.split("\nrule ")[1:]}
    for name in ("paths_tcm_line_0", "paths"):
        assert "mem_mb=4321" in jobs[name], told
        assert "threads: 2" in jobs[name]
    assert "mem_mb=4321" not in jobs["solutions_tcm"]


@pytest.mark.parametrize("name", ["newton", "b", "gauss_newton_", "a_b", "x1", "spectra_part_of_mine", "a-b", "b-2_c"])
def test_a_study_may_have_any_name_that_no_rule_has(checkout: Checkout, name: str) -> None:
    with_own_study(checkout)
    (checkout.root / "tests/small.yaml").write_text(OVERLAY.replace("own", name))
    planned = checkout.planned(f"{name}_paths")
    assert planned == {f"data_{name}": 1, f"solutions_{name}": 1, "paths": 1, f"{name}_paths": 1}


def test_names_with_two_meanings_are_refused(checkout: Checkout) -> None:
    with_own_study(checkout)
    for name, says in (("paths", "'paths' is the name of a target, rule or folder"), ("A", "studies.A is no name")):
        (checkout.root / "tests/small.yaml").write_text(OVERLAY.replace("own", name))
        assert says in checkout.run(name, dry=True, check=False).stderr
