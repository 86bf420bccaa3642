"""Real runs of snakemake on the small overlay."""

import hashlib
import os
import resource
import signal
import subprocess
import time
from pathlib import Path

import psutil
import pytest
from check_figures import check_figures
from check_lint import findings
from checkouts import Checkout
from given_data import needs_cifar

from ramble.parameters.origin import read_origin
from ramble.problems.devices import choose_device
from ramble.store.artifacts import read_table
from ramble.store.checkpoints import Checkpoint
from ramble.store.tensors import read_tensors

pytestmark = pytest.mark.slow
PAPER = "[tcm, mnist100, recipe, randomization_descent, randomization_depth]"  # as shipped


def digests(checkout: Checkout) -> dict[str, str]:
    return {name: hashlib.sha256((checkout.root / name).read_bytes()).hexdigest() for name in checkout.files()}


def test_figures_and_claims_are_made(finished: Checkout) -> None:
    assert len(check_figures(finished.root / "results" / "figures")) == 42
    claims = read_table(finished.root / "results" / "tables" / "claims.csv")
    assert {"claim", "where", "statistic", "measured", "spread", "threshold", "verdict"} <= set(claims)
    assert set(claims.verdict) <= {"reproduced", "not reproduced", "not measured"}
    assert len(claims) >= 19
    text = (finished.root / "results" / "tables" / "claims.md").read_text()
    assert text.count("A zero-error path exists between every two solutions") == 2


def test_artifacts_keep_the_contract(finished: Checkout) -> None:
    results = finished.root / "results"
    state, header = read_tensors(results / "tcm/solutions/1-2.safetensors")
    assert list(state) == ["weight"]
    assert header.keys() >= {
        "study",
        "dataset",
        "seed",
        "steps",
        "train_loss",
        "train_errors",
        "attempts",
        "input_scale",
    }
    assert header["train_errors"] == "0"
    _, header = read_tensors(results / "mnist100/solutions/0-1.safetensors")
    assert header.keys() >= {"input_mean", "input_std", "test_errors"}
    data, _ = read_tensors(results / "tcm/data/0.safetensors")
    assert data["patterns"].shape == (70, 60)
    points, header = read_tensors(results / "tcm/paths/paper/0-0-1.safetensors")
    assert points["points"].shape[1] == 60
    assert header.keys() >= {"status", "reason", "steps", "gradients", "evaluations"}
    assert header.keys() >= {
        "certificate",
        "certificate_reason",
        "certified_segments",
        "min_margin",
        "certificate_points",
    }
    _, header = read_tensors(results / "mnist100/paths/paper/0-0-1.safetensors")
    assert (header["certificate"], header["certificate_reason"]) == ("sound", "")
    steps = read_table(results / "tcm/paths/paper/0-0-1.csv")
    assert set(steps) == {
        "step", "t", "train_loss", "train_errors", "min_margin", "accepted", "gamma", "eta", "gradients", "evaluations",
    }  # fmt: skip
    spectra = read_table(results / "mnist100/spectra/paper/0-0-1.csv")
    assert {"point", "t", "s", "eig_1", "eig_3", "most_negative", "trace", "residual_1"} <= set(spectra)
    assert spectra.converged.isin([0, 1]).all()
    reference = read_table(results / "mnist100/reference.csv")
    assert reference.quantity.tolist() == ["eig_1", "eig_2", "eig_3", "most_negative", "trace"] * 2
    profile = read_table(results / "mnist100/profile/paper/0-0-1.csv")
    assert {"point", "t", "s", "train_loss", "train_error", "test_loss", "test_error"} <= set(profile)
    assert (profile.train_errors == 0).all()


def test_graphs_and_loads_are_made_of_the_studies_they_build_on(finished_copy: Checkout) -> None:
    before = finished_copy.files()
    finished_copy.run("connectivity", "load")
    results = finished_copy.root / "results"
    components = read_table(results / "tcm_graph12/components.csv")
    assert components.solutions.tolist() == [4, 4]
    assert components.pairs.tolist() == [6, 6]
    pairs = read_table(results / "tcm_graph12/pairs.csv")
    assert {"status", "certificate", "gradients", "length_ratio", "cosine", "min_margin", "line_errors"} <= set(pairs)
    assert pairs[pairs.joined].certificate.eq("exact").all()
    assert len(read_table(results / "mnist100_graph10/pairs.csv")) == 3
    loads = read_table(results / "tcm_load/load.csv")
    assert set(zip(loads.alpha, loads.tracker, strict=True)) == {
        (alpha, tracker) for alpha in (0.5, 1.0, 4.0) for tracker in ("guarded", "paper_tuned")
    }
    assert (loads[loads.alpha == 4.0].solutions == 0).all()
    made = finished_copy.files() - before
    pictures = {
        f"results/figures/{name}.{suffix}" for name in ("connectivity", "load") for suffix in ("svg", "png", "pdf")
    }
    assert pictures <= made
    # solutions of their own, on the data of the study they build on
    assert "results/tcm_graph12/solutions/1-3.safetensors" in made
    assert not any("/data/" in name for name in made if "tcm_load" not in name)
    assert "studies.tcm.trackers.guarded" in read_origin(results / "tcm_load/load.csv").digests
    assert "figures.fig2.study" not in read_origin(results / "figures/load.svg").digests
    # what is deleted, although all that was made of it is there, is made anew
    (results / "tcm_graph12/solutions/1-3.safetensors").unlink()
    (results / "tcm_load/loads/30.csv").unlink()
    planned = finished_copy.planned("tcm_graph12", "tcm_load")
    assert {"solutions_tcm_graph12", "load_trials"} <= set(planned)
    assert planned["solutions_tcm_graph12"] == planned["load_trials"] == 1


def test_networks_are_boosted_by_validation_images(checkout: Checkout) -> None:
    checkout.run("boosting")
    results = checkout.root / "results"
    data, _ = read_tensors(results / "mnist_boosting/data/0.safetensors")
    assert len(data["validation_images"]) == 200
    further, _ = read_tensors(results / "mnist_boosting/control/guarded/0-0-1.safetensors")
    path, _ = read_tensors(results / "mnist_boosting/paths/guarded/0-0-1.safetensors")
    assert further["points"].shape == path["points"].shape
    assert {"train_errors", "validation_errors", "test_errors"} <= set(
        read_table(results / "mnist_boosting/control/guarded/0-0-1.csv")
    )
    table = read_table(results / "tables/boosting-mnist_boosting.csv")
    assert table.groupby("pair").size().to_dict() == {"0-0-1": 8}
    assert (results / "tables/boosting-mnist_boosting.md").read_text().count("| averaged weights |") == 2


def test_a_study_of_many_images_is_judged_and_drawn(checkout: Checkout) -> None:
    checkout.run("mnist")
    results = checkout.root / "results"
    assert len(check_figures(results / "figures", ["fig5"])) == 3
    claims = read_table(results / "tables/claims-mnist.csv")
    assert len(claims) == 6
    assert set(claims.study) == {"mnist"}
    # everything is measured, but for the printed walk, which its small budget may end
    assert set(claims.verdict[1:]) <= {"reproduced", "not reproduced"}
    assert "\n| 0-0-1 | " in (results / "tables/claims-mnist.md").read_text()
    (line_errors,) = read_table(results / "mnist/pairs.csv").line_errors
    profile = read_table(results / "mnist/profile/line/0-0-1.csv")
    assert line_errors == profile.train_errors.max() > 0  # both look at the same five points
    # how often a state is kept is no reason to make anything anew
    checkout.edit("tests/small.yaml", "checkpoint_seconds: 0.001", "checkpoint_seconds: 5")
    assert "Nothing to be done" in checkout.run("mnist", dry=True).stdout


def test_nothing_half_written_is_left(finished: Checkout) -> None:
    assert not [name for name in finished.files() if "partial" in name]


def test_a_second_run_has_nothing_to_do(finished_copy: Checkout) -> None:
    before = resource.getrusage(resource.RUSAGE_CHILDREN).ru_utime
    assert not finished_copy.planned()
    # of the processor, not of a clock that other tests slow down: 3 s on an idle machine
    assert resource.getrusage(resource.RUSAGE_CHILDREN).ru_utime - before < 10


def test_the_default_target_is_the_paper(checkout: Checkout) -> None:
    planned = checkout.planned()
    assert planned["paper"] == 1
    assert {
        "compare_trackers",
        "judge_claims",
        "figure",
        "readings",
    } <= set(planned)


def test_every_study_can_be_recorded_step_by_step(checkout: Checkout) -> None:
    checkout.edit("params.yaml", f"paper: {PAPER}", "paper: [tcm, tcm_load, tcm_graph12]")
    assert checkout.planned("tcm_load_load_trials")["load_trials"] == 3
    planned = checkout.planned("tcm_graph12_connect")
    assert (planned["connect"], planned["solutions_tcm_graph12"]) == (2, 2)


def test_spectra_on_request_wait_for_the_target_all(checkout: Checkout) -> None:
    wanted = "      points: 3\n      trackers: [paper]\n      on_request: [guarded]\n"
    checkout.edit("tests/small.yaml", "      points: 3\n", wanted)
    by_default, everything = checkout.planned(), checkout.planned("all")
    later = {"spectra_mnist100_guarded_0", "boosting_table"}
    assert everything["figure"] > by_default["figure"]
    assert later <= set(everything)
    assert not later & set(by_default)
    assert "spectra_tcm_guarded_0" in by_default
    assert "spectra_mnist100_guarded_0" in checkout.planned("fig4-guarded")


def test_trackers_are_compared(finished: Checkout) -> None:
    table = read_table(finished.root / "results" / "tables" / "trackers.csv")
    trackers = {
        "tcm": ["paper", "paper_tuned", "guarded", "line", "curve", "band"],
        "mnist100": ["paper", "guarded", "line"],
    }
    assert table[["study", "tracker"]].values.tolist() == [
        [study, tracker] for study, of_study in trackers.items() for tracker in of_study
    ]
    assert table.pairs.tolist() == [6] * 6 + [3] * 3
    assert (table.certified <= table.joined).all()
    assert (table.certified == table.exact + table.sound + table.sampled).all()
    lines = table[table.tracker == "line"]
    assert lines.detour_max.tolist() == pytest.approx([1.0, 1.0])
    assert (lines.gradients_max == 0).all()
    text = (finished.root / "results" / "tables" / "trackers.md").read_text()
    assert text.count("| tcm |") == 6


def test_claims_are_judged_at_the_printed_setting_and_ours_stands_beside(finished: Checkout) -> None:
    results = finished.root / "results"
    for tracker, eta, gamma in (("paper", 0.1, 0.001), ("paper_tuned", 0.2, 0.01)):
        _, header = read_tensors(results / f"tcm/paths/{tracker}/0-0-1.safetensors")
        assert header["tracker"] == tracker
        steps = read_table(results / f"tcm/paths/{tracker}/0-0-1.csv")
        assert (set(steps.eta), set(steps.gamma)) == ({eta}, {gamma})
    trackers = read_table(results / "tables" / "trackers.csv").set_index(["study", "tracker"])
    claims = read_table(results / "tables" / "claims.csv").set_index(["study", "claim"])
    row = claims.loc["tcm", "Algorithm 1 always finds a zero-error path"]
    printed, ours = (trackers.loc["tcm", tracker] for tracker in ("paper", "paper_tuned"))
    assert row.measured == printed.joined / printed.pairs
    assert row.measured_tuned == ours.joined / ours.pairs
    assert row.verdict == ("reproduced" if row.measured == 1 else "not reproduced")
    assert "## Departures from the print" in (results / "tables" / "claims.md").read_text()
    counts = read_table(results / "tcm" / "nonzero.csv")
    assert counts.place[counts["where"] == "solution"].nunique() == 6


def test_one_changed_number_reruns_what_depends_on_it(finished_copy: Checkout) -> None:
    finished_copy.edit("tests/small.yaml", "top: 3", "top: 2")
    assert finished_copy.planned("fig4") == {"spectra_mnist100_paper_0": 1, "figure": 1, "fig4": 1}


def test_a_threshold_reruns_the_claims_only(finished_copy: Checkout) -> None:
    finished_copy.edit("params.yaml", "\nstudies:\n", "\nclaims: {proportional_r2: 0.8}\n\nstudies:\n")
    assert finished_copy.planned("paper") == {"judge_claims": 1, "paper": 1}


@pytest.mark.parametrize(
    ("module", "reruns", "spares"),
    [
        ("tracking/line.py", {"paths_tcm_line_0", "paths_mnist100_line_0"}, {"paths_tcm_paper_0", "solutions_tcm"}),
        (
            "spectra/krylov.py",
            {"spectra_mnist100_paper_0", "reference"},
            {"spectra_tcm_paper_0", "paths_mnist100_paper_0"},
        ),
        ("spectra/pyhessian.py", {"reference"}, {"spectra_mnist100_paper_0"}),
        (
            "studies/paths/drawing/spectrum.py",
            {"figure"},
            {"plane", "spectra_tcm_paper_0", "judge_claims"},
        ),
        (
            "papers/ramble/comparison/table.py",
            {"compare_trackers", "judge_claims"},
            {"profile_tcm_paper_0", "figure"},
        ),
        ("problems/tree_committee.py", {"solutions_tcm", "readings"}, {"solutions_mnist100", "data_tcm"}),
        ("training/descent.py", {"solutions_tcm", "readings"}, {"data_tcm", "data_mnist100"}),
    ],
)
def test_an_edited_module_reruns_the_steps_that_use_it(
    finished_copy: Checkout, module: str, reruns: set[str], spares: set[str]
) -> None:
    file = finished_copy.root / "src" / "ramble" / module
    file.write_text(file.read_text() + "\n# an edit\n")
    planned = set(finished_copy.planned())
    assert reruns <= planned
    assert not planned & spares


@pytest.mark.parametrize(
    ("old", "new", "key"),
    [
        ("seed: 2019", "sead: 2019", "sead"),
        ("hidden: 3", "hidden: 7", "problem.arguments.hidden"),
        ("LeNet5Problem", "LeNet6Problem", "LeNet6Problem"),
        (
            "hidden: 3",
            "hiden: 3",
            "ramble.problems.tree_committee.TreeCommittee takes no 'hiden'",
        ),
        ("  tcm_ablation:", "  claims:", "studies.claims: 'claims' is the name of a target"),
        ("  tcm_ablation:", "  density:", "studies.density: 'density' is the name of a target"),
        ("  tcm_ablation:", "  tables:", "studies.tables: 'tables' is the name of a target, rule or folder"),
        (f"paper: {PAPER}", "paper: [recipe]", "paper: no study of kind paths or stochastic"),
    ],
)
def test_bad_parameters_stop_before_any_job(checkout: Checkout, old: str, new: str, key: str) -> None:
    checkout.edit("params.yaml", old, new)
    done = checkout.run("paper", check=False)
    assert done.returncode != 0
    (line,) = [line for line in (done.stdout + done.stderr).splitlines() if "params.yaml + tests/small.yaml:" in line]
    assert key in line
    assert not (checkout.root / "results").exists()


@pytest.mark.parametrize(
    ("new", "says"),
    [
        ("hidden: [3", "did not find expected ',' or ']'; correct the file"),
        ("hidden: 3, hidden: 4", "hidden is given twice; correct the file"),
    ],
)
def test_unreadable_parameters_are_named_with_their_line(checkout: Checkout, new: str, says: str) -> None:
    checkout.edit("params.yaml", "hidden: 3", new)
    text = (checkout.root / "params.yaml").read_text(encoding="utf-8")
    number = text[: text.index(new)].count("\n") + 1
    done = checkout.run("paper", check=False)
    assert done.returncode != 0
    (line,) = [line for line in (done.stdout + done.stderr).splitlines() if line.startswith("params.yaml")]
    assert line == f"params.yaml, line {number}: {says}"


def test_missing_and_corrupt_mnist_are_named(checkout: Checkout, tmp_path: Path) -> None:
    folder = tmp_path / "given" / "MNIST" / "raw"
    environment = checkout.environment | {"RAMBLE_DATA_ROOT": str(tmp_path / "given")}

    def run() -> str:
        done = subprocess.run(
            checkout.command("results/mnist100/data/0.safetensors"),
            cwd=checkout.root, env=environment, capture_output=True, text=True, check=False,
        )  # fmt: skip
        assert done.returncode != 0
        return done.stdout + done.stderr

    assert "train-images-idx3-ubyte.gz: missing" in run()
    folder.mkdir(parents=True)
    for name in ("train-images-idx3", "train-labels-idx1", "t10k-images-idx3", "t10k-labels-idx1"):
        (folder / f"{name}-ubyte.gz").write_bytes(b"no images")
    assert "train-images-idx3-ubyte.gz: corrupt" in run()
    assert not (checkout.root / "results/mnist100/data/0.safetensors").exists()


def test_a_truncated_artifact_is_named_and_made_anew(finished_copy: Checkout) -> None:
    file = finished_copy.root / "results/tcm/solutions/0-0.safetensors"
    whole = file.read_bytes()
    file.write_bytes(whole[: len(whole) // 2])
    done = finished_copy.run("results/tcm/paths/line/0-0-1.csv", check=False)
    assert done.returncode != 0
    assert "results/tcm/solutions/0-0.safetensors: not a whole safetensors file" in done.stdout + done.stderr
    file.unlink()
    finished_copy.run("results/tcm/solutions/0-0.safetensors")
    assert file.read_bytes() == whole


def hear_interrupts() -> None:
    """A shell's background jobs, and all that they start, ignore interrupts."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)


def test_interrupt_leaves_nothing_half_and_the_next_run_ends_with_the_same_bytes(
    finished: Checkout, checkout: Checkout
) -> None:
    process = subprocess.Popen(
        checkout.command("paper"), cwd=checkout.root, env=checkout.environment,
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, start_new_session=True,
        preexec_fn=hear_interrupts,
    )  # fmt: skip
    solutions = checkout.root / "logs/tcm/solutions.log"
    deadline = time.monotonic() + 120
    while not solutions.exists() and time.monotonic() < deadline:
        time.sleep(0.05)
    os.killpg(process.pid, signal.SIGINT)
    text, _ = process.communicate(timeout=120)
    assert process.returncode != 0, text
    kept = checkout.files()
    assert {f"results/tcm/data/{d}.safetensors" for d in range(2)} <= kept
    assert not [name for name in kept if "partial" in name]
    assert "data_tcm" not in checkout.planned("paper")
    checkout.run("paper")
    expected, again = digests(finished), digests(checkout)
    assert again.keys() == expected.keys()
    assert not [name for name, digest in expected.items() if again[name] != digest]


@pytest.mark.parametrize(
    ("target", "state", "device"),
    [
        ("mnist/solutions/0-1.safetensors", "mnist/.pairs", str(choose_device("auto"))),  # the same one by another name
        ("mnist/paths/guarded/0-0-1.safetensors", "mnist/paths/guarded/.0-0-1", "auto"),
        ("mnist/paths/paper/0-0-1.safetensors", "mnist/paths/paper/.0-0-1", "auto"),
        ("mnist/control/guarded/0-0-1.csv", "mnist/control/guarded/.0-0-1", "auto"),
        pytest.param(
            *("cifar/paths/adaptive/0-0-1.safetensors", "cifar/paths/adaptive/.0-0-1", "auto"), marks=needs_cifar
        ),
        pytest.param(
            *(
                "randomization_small/runs/residual-adam-b10-0.safetensors",
                "randomization_small/runs/.residual-adam-b10-0",
                "auto",
            ),
            marks=needs_cifar,
        ),
    ],
)
def test_a_killed_job_goes_on_from_its_checkpoint(checkout: Checkout, target: str, state: str, device: str) -> None:
    checkout.edit("tests/small.yaml", "    epochs: 2\n    seeds: 1", "    epochs: 20\n    seeds: 1")
    target = f"results/{target}"
    kept, made = checkout.root / f"results/{state}.checkpoint.safetensors", checkout.root / target
    process = subprocess.Popen(
        checkout.command(target), cwd=checkout.root, env=checkout.environment,
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
    )  # fmt: skip
    deadline = time.monotonic() + 240
    while not kept.exists() and time.monotonic() < deadline:
        time.sleep(0.02)
    for job in psutil.Process(process.pid).children(recursive=True):
        job.kill()
    text, _ = process.communicate(timeout=120)
    assert process.returncode != 0, text
    assert kept.exists()
    assert not made.exists()
    checkout.edit("params.yaml", "device: auto", f"device: {device}")
    done = checkout.run(target)
    assert f"going on from {kept.relative_to(checkout.root)}" in done.stdout + done.stderr
    assert not kept.exists()
    resumed = made.read_bytes()
    made.unlink()
    checkout.run(target)
    assert made.read_bytes() == resumed


def test_a_checkpoint_of_other_parameters_is_refused(checkout: Checkout) -> None:
    kept = checkout.root / "results/mnist/.pairs.checkpoint.safetensors"
    Checkpoint(kept, "0123456789abcdef", every=0.0).save({}, {})
    done = checkout.run("results/mnist/pairs.csv", check=False)
    assert done.returncode != 0
    (line, *_) = [line for line in (done.stdout + done.stderr).splitlines() if "error:" in line]
    assert "belongs to the settings 0123456789abcdef, this run has" in line
    assert "delete the file" in line
    assert kept.exists()
    assert not (checkout.root / "results/mnist/pairs.csv").exists()


def test_snakemake_lint_is_content() -> None:
    assert not findings()
