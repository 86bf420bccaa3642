"""DVC and snakemake as two doors to the same house: real runs of both on a tiny project."""

import csv
import io
import json
import os
import re
from pathlib import Path
from typing import Any

import pytest
import yaml
from checkouts import Checkout
from versioned import Versioned

from ramble.__main__ import main
from ramble.errors import RambleError
from ramble.parameters.origin import read_origin
from ramble.store.artifacts import read_table
from ramble.store.tensors import read_tensors

pytestmark = pytest.mark.slow


def pipeline(root: Path) -> dict[str, dict[str, Any]]:
    stages: dict[str, dict[str, Any]] = yaml.safe_load((root / "dvc.yaml").read_text())["stages"]
    return stages


def outs(stage: dict[str, Any]) -> list[str]:
    return [path for kind in ("outs", "metrics") for out in stage.get(kind, []) for path in out]


def made_by_rule(text: str) -> dict[str, str]:
    """Return {file: rule} from what `snakemake --summary` prints."""
    rows = csv.DictReader(io.StringIO(text[text.index("output_file\t") :]), delimiter="\t")
    return {row["output_file"]: row["rule"] for row in rows if row["output_file"]}


@pytest.fixture(scope="module")
def steps(recorded: Versioned) -> dict[str, str]:
    """{output: stage}."""
    return {out: name for name, stage in pipeline(recorded.root).items() for out in outs(stage)}


def changed_stages(project: Versioned) -> set[str]:
    """Return the stages whose own parameters, dependencies or outputs changed."""
    return set(json.loads(project.call("dvc", "status", "--json").splitlines()[-1]))


def planned_stages(project: Versioned, steps: dict[str, str]) -> tuple[set[str], set[str]]:
    """Return the stages of the jobs whose own params changed, and those of all jobs that snakemake would run."""
    printed = project.call("snakemake", "--dry-run", "--quiet", "host", "--", "paper")
    own, every = set(), set()
    for job in re.split(r"^(?:local)?rule ", printed, flags=re.MULTILINE)[1:]:
        if found := re.search(r"^ +output: ([^,\n]+)", job, re.MULTILINE):
            stage = steps.get(found[1]) or steps[str(Path(found[1]).parent)]
            every.add(stage)
            if "Params have changed" in job:
                own.add(stage)
    return own, every


def ran_stages(printed: str) -> set[str]:
    return set(re.findall(r"Running stage '(\S+)'", printed))


def nothing_to_do(project: Versioned) -> bool:
    return "Nothing to be done" in project.call("snakemake", "--dry-run")


def set_parameter(project: Versioned, key: str, value: object) -> None:
    file = project.root / "params.yaml"
    document = yaml.safe_load(file.read_text())
    *path, last = key.split(".")
    part = document
    for name in path:
        part = part[name]
    assert last in part
    part[last] = value
    file.write_text(yaml.safe_dump(document, sort_keys=False))


def test_dvc_yaml_is_what_the_snakefile_says(checkout: Checkout) -> None:
    file = checkout.root / "dvc.yaml"
    committed = file.read_text()
    file.unlink()
    Versioned(checkout.root).call("snakemake", "--force", "--", "dvc_yaml")
    assert file.read_text() == committed, "dvc.yaml is out of date: run make dvc.yaml"


def test_every_file_lies_under_exactly_one_output_and_every_output_holds_files(checkout: Checkout) -> None:
    files = made_by_rule(Versioned(checkout.root).call("snakemake", "--summary", "--", "paper", "code"))
    tracked = [out for stage in pipeline(checkout.root).values() for out in outs(stage)]
    assert len(files) > 500
    assert len(tracked) == len(set(tracked))
    held = {out: {file for file in files if file == out or file.startswith(f"{out}/")} for out in tracked}
    assert all(held.values())
    assert sorted(file for own in held.values() for file in own) == sorted(files)
    # nor does anything that snakemake makes beyond the default target
    others = made_by_rule(Versioned(checkout.root).call("snakemake", "--summary", "--", "all")).keys() - files
    assert others
    assert not [file for file in others for out in tracked if file == out or file.startswith(f"{out}/")]


def test_what_was_recorded_is_up_to_date_for_both(recorded_copy: Versioned) -> None:
    assert changed_stages(recorded_copy) == set()
    printed = recorded_copy.call("dvc", "repro")
    assert not ran_stages(printed)
    assert "up to date" in printed
    assert nothing_to_do(recorded_copy)
    assert recorded_copy.call("git", "status", "--porcelain") == ""


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("seed", 1),
        ("studies.tcm.threads", 2),
        ("studies.mnist100.spectra.top", 2),
        ("claims.zero_eigenvalue", 1e-5),
    ],
)
def test_a_changed_parameter_concerns_the_same_stages_in_both(
    recorded_copy: Versioned, steps: dict[str, str], key: str, value: object
) -> None:
    set_parameter(recorded_copy, key, value)
    own, planned = planned_stages(recorded_copy, steps)
    changed = changed_stages(recorded_copy)
    assert own
    assert own <= changed <= planned


def test_a_changed_module_concerns_the_same_stages_in_both(recorded_copy: Versioned, steps: dict[str, str]) -> None:
    file = recorded_copy.root / "src/ramble/spectra/krylov.py"
    text = file.read_text()
    file.write_text(text + "\n# an edit\n")
    own, _ = planned_stages(recorded_copy, steps)
    assert own
    assert changed_stages(recorded_copy) == {"code"}  # which says whose it is
    recorded_copy.call("dvc", "repro", "code")
    assert changed_stages(recorded_copy) == own
    file.write_text(text)
    assert nothing_to_do(recorded_copy)
    recorded_copy.call("dvc", "repro", "code")
    assert changed_stages(recorded_copy) == set()


def test_a_commit_that_changes_no_result_changes_no_line_of_the_lock(recorded_copy: Versioned) -> None:
    lock = (recorded_copy.root / "dvc.lock").read_text()
    (recorded_copy.root / "src/ramble/tracking/another.py").write_text("NEW = 1\n")
    module = recorded_copy.root / "src/ramble/verification/verify.py"
    module.write_text(module.read_text() + "\n# an edit of what no step runs\n")
    recorded_copy.edit("README.md", "\n", "\n\n")
    recorded_copy.commit("Change no result")
    assert changed_stages(recorded_copy) == set()
    assert not ran_stages(recorded_copy.call("dvc", "repro"))
    assert (recorded_copy.root / "dvc.lock").read_text() == lock


def test_an_experiment_runs_what_depends_on_its_parameter(recorded_copy: Versioned, steps: dict[str, str]) -> None:
    key, figure = "figures.fig1.grid", recorded_copy.root / "results/figures/fig1.svg"
    before = read_origin(figure)
    set_parameter(recorded_copy, key, 12)
    _, planned = planned_stages(recorded_copy, steps)
    recorded_copy.call("git", "checkout", "params.yaml")
    printed = recorded_copy.call("dvc", "exp", "run", "--name", "finer", "--set-param", f"{key}=12")
    assert ran_stages(printed) == planned == {"tcm_plane", "tcm_figures"}
    assert nothing_to_do(recorded_copy)
    assert changed_stages(recorded_copy) == set()
    assert key in recorded_copy.call("dvc", "params", "diff")
    # changed parameters are no new code
    again = read_origin(figure)
    assert again.code == before.code != "unknown"
    assert again.digests != before.digests
    shown = recorded_copy.call("dvc", "exp", "show", "--csv")
    assert "finer" in shown
    assert "tcm.line.joined" in shown


def test_a_file_that_is_gone_is_missed_by_both(recorded_copy: Versioned, steps: dict[str, str]) -> None:
    for name in ("trackers.json", "claims.csv"):
        (recorded_copy.root / "results/tables" / name).unlink()
    _, planned = planned_stages(recorded_copy, steps)
    assert planned == {"trackers", "claims"}
    assert {"trackers", "claims"} <= changed_stages(recorded_copy)


def test_metrics_and_plots_show_what_was_made(recorded_copy: Versioned) -> None:
    metrics = json.loads(recorded_copy.call("dvc", "metrics", "show", "--json"))
    files = metrics[""]["data"]
    trackers = files["results/tables/trackers.json"]["data"]
    assert trackers["tcm"]["line"].keys() == {"pairs", "joined", "certified"}
    claims = files["results/tables/claims.json"]["data"]
    assert set(claims) == {"tcm", "mnist100"}
    table = recorded_copy.root / "results/tables/trackers.json"
    table.write_text(table.read_text().replace('"pairs": 1', '"pairs": 2'))
    assert "tcm.line.pairs" in recorded_copy.call("dvc", "metrics", "diff")
    assert "tcm_solutions" in recorded_copy.call("dvc", "dag", "--dot")


def test_plots_read_the_tables_past_their_last_line(recorded_copy: Versioned) -> None:
    printed = recorded_copy.call("dvc", "plots", "show", "--json")
    plots = json.loads(printed)["data"]
    values = plots["tcm_profile"][0]["content"]["data"]["values"]
    losses = [float(row["train_loss"]) for row in values if row["filename"].startswith("line") and row["train_loss"]]
    table = recorded_copy.root / "results/tcm/profile/line/0-0-1.csv"
    assert losses == read_table(table).train_loss.tolist()
    recorded_copy.call("dvc", "plots", "show")
    page = (recorded_copy.root / "dvc_plots/index.html").read_text()
    assert "training loss along the paths of pair 0-0-1" in page
    assert "fig3.svg" in page


def make(project: Versioned, *words: str) -> tuple[str, ...]:
    """A command of make with this environment's commands instead of a new .venv."""
    bin_folder = project.environment["PATH"].split(":")[0]
    return ("make", "--assume-old=.venv/installed", f"BIN={bin_folder}", *words)


def restore(project: Versioned) -> tuple[str, ...]:
    return make(project, "restore")


def test_a_clone_fetches_as_the_documentation_says_word_by_word(
    clone: Versioned, recorded: Versioned, steps: dict[str, str]
) -> None:
    page = (clone.root / "docs/how-to/dvc-remote.md").read_text()
    block = page.partition("```sh\n")[2].partition("```")[0].splitlines()
    # the environment of this test stands for the one that the first lines set up
    name_remote, restoring = [line.partition("  #")[0] for line in block][-2:]
    assert restoring == "make restore"
    clone.call("dvc", "remote", "remove", "store")
    clone.commit("No remote of ours is assumed")
    assert "name the remote with 'dvc remote add'" in clone.fails(*restore(clone))
    clone.call(*name_remote.replace("REMOTE", str(recorded.root.parent / "store")).split())
    printed = clone.call(*restore(clone))
    assert "Nothing to be done" in printed
    assert clone.files() == recorded.files()
    assert changed_stages(clone) == set()
    assert clone.call("git", "status", "--porcelain").split() == ["M", ".dvc/config"]
    artifacts = [str(clone.root / name) for name in clone.files() if not name.endswith((".md", ".json", ".yaml"))]
    assert main(["provenance", *artifacts, "--params", str(clone.root / "params.yaml")]) == 0
    # and from there on it knows what a change concerns
    set_parameter(clone, "studies.tcm.trackers.line.points", 11)
    own, planned = planned_stages(clone, steps)
    assert own == {"tcm_paths"}
    assert changed_stages(clone) == {"tcm_paths", "claims"}  # whose table of departures names the settings
    assert planned == {"tcm_paths", "tcm_profile", "trackers", "claims"}
    clone.call("git", "checkout", "params.yaml")
    module = clone.root / "src/ramble/studies/paths/drawing/losses.py"
    module.write_text(module.read_text() + "\n# an edit\n")
    assert planned_stages(clone, steps) == ({"mnist100_figures"}, {"mnist100_figures"})
    assert changed_stages(clone) == {"code"}


def test_a_damaged_artifact_is_noticed_and_taken_back(recorded_copy: Versioned) -> None:
    file = recorded_copy.root / "results/tcm/paths/line/0-0-1.safetensors"
    whole = file.read_bytes()
    middle = len(whole) // 2
    for damaged in (whole[:middle], whole[:middle] + bytes([whole[middle] ^ 1]) + whole[middle + 1 :]):
        file.write_bytes(damaged)
        assert "tcm_paths" in changed_stages(recorded_copy)
        printed = recorded_copy.fails(*restore(recorded_copy))
        assert "results/tcm/paths/line" in printed
        assert "make take-back FILES=.." in printed
        kept = recorded_copy.root / "results/tables/claims.md"
        kept.write_text("a new result, not recorded\n")
        recorded_copy.call(*make(recorded_copy, "take-back", "FILES=results/tcm/paths/line"))
        assert file.read_bytes() == whole
        assert kept.read_text() == "a new result, not recorded\n"
        recorded_copy.call(*make(recorded_copy, "take-back", "FILES=results/tables/claims.md"))
    # damage that keeps size and time is seen by whoever reads the file, not by dvc
    times = file.stat()
    file.write_bytes(damaged)
    os.utime(file, ns=(times.st_atime_ns, times.st_mtime_ns))
    with pytest.raises(RambleError, match="its content is not"):
        read_tensors(file)
    recorded_copy.call(*make(recorded_copy, "take-back", "FILES=results/tcm/paths/line"))
    assert file.read_bytes() == whole
    assert "Nothing to be done" in recorded_copy.call(*restore(recorded_copy))


def test_a_damaged_lock_deletes_nothing(recorded_copy: Versioned) -> None:
    lock, files = recorded_copy.root / "dvc.lock", recorded_copy.files()
    lines = lock.read_text().splitlines(keepends=True)
    stages = [number for number, line in enumerate(lines) if line.startswith("  ") and line[2] != " "]
    for text in ("", "\0", "".join(lines[: stages[3]]), "".join(lines[: stages[3] + 2])):
        lock.write_text(text)
        for target in (["restore"], ["take-back", "FILES=results/tcm/paths/line"]):
            assert "error: dvc.lock is damaged or old" in recorded_copy.fails(*make(recorded_copy, *target))
    assert recorded_copy.files() == files
    recorded_copy.call("git", "checkout", "dvc.lock")
    assert "Nothing to be done" in recorded_copy.call(*restore(recorded_copy))


def jobs_of_rules(printed: str) -> list[str]:
    """The jobs that runs of snakemake finished, but for those that only stand for others."""
    rules = re.findall(r"Finished jobid: \d+ \(Rule: (\S+)\)", printed)
    return [rule for rule in rules if rule not in ran_stages(printed)]


@pytest.mark.parametrize("change", ["grid", "code", "seed"])
def test_an_experiment_in_a_folder_of_its_own_makes_only_what_its_change_concerns(
    recorded_copy: Versioned, change: str
) -> None:
    parameter = {"seed": "seed=7"}.get(change, "figures.fig1.grid=13")
    if change == "code":
        module = recorded_copy.root / "src/ramble/studies/paths/drawing/losses.py"
        module.write_text(module.read_text() + "\n# an edit\n")
    target = ["tcm_data"] if change == "seed" else []
    printed = recorded_copy.call("dvc", "exp", "run", "--temp", "--name", "aside", "--set-param", parameter, *target)
    expected = {"grid": ["plane", "figure"], "code": ["plane", "figure", "figure"], "seed": ["data_tcm"]}
    assert sorted(jobs_of_rules(printed)) == sorted(expected[change])
    made = "results/tcm/data/0.safetensors" if change == "seed" else "results/figures/fig1.svg"
    before = read_origin(recorded_copy.root / made)
    recorded_copy.call("git", "stash")
    recorded_copy.call("dvc", "exp", "apply", "aside")
    again = read_origin(recorded_copy.root / made)
    assert again.digests != before.digests
    assert again.code == before.code


def test_a_queued_experiment_runs_its_own_code(recorded_copy: Versioned) -> None:
    recorded_copy.call("dvc", "exp", "run", "--queue", "--name", "queued", "-S", "figures.fig1.grid=15", "tcm_plane")
    module = recorded_copy.root / "src/ramble/measure/plane.py"
    module.write_text(module.read_text() + "\nraise RuntimeError('edited since')\n")
    printed = recorded_copy.call("dvc", "exp", "run", "--run-all")
    assert jobs_of_rules(printed) == ["plane"]
    assert "edited since" not in printed
    recorded_copy.call("git", "checkout", "src")
    recorded_copy.call("dvc", "exp", "apply", "queued")
    assert len(read_table(recorded_copy.root / "results/tcm/plane/grid.csv")) == 15 * 15
