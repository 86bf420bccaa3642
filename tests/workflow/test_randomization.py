"""A real run of the target `randomization` on the small overlay."""

import json
import os
import signal
import subprocess
import time

import pytest
from checkouts import Checkout
from given_data import needs_cifar

from ramble.store.artifacts import read_table
from ramble.store.checkpoints import checkpoint_of
from ramble.store.points import read_points
from ramble.training.runs import COLUMNS

pytestmark = [pytest.mark.slow, needs_cifar]


def test_runs_are_trained_tabulated_drawn_and_judged(checkout: Checkout) -> None:
    checkout.run("randomization_small")
    results = checkout.root / "results"
    own = results / "randomization_small/runs"
    table = read_table(own / "carlini-adam-ones-b128-0.csv")
    assert tuple(table.columns) == COLUMNS
    points = read_points(own / "carlini-adam-ones-b128-0.safetensors")
    assert points.t.tolist() == [0, 2]
    assert json.loads(points.header.facts["settings"])["initialisation"]["weights"]["name"] == "ones_"
    runs = read_table(results / "tables/runs-randomization_small.csv")
    assert len(runs) == 2 + 4
    assert set(runs.epochs) == {2}
    first = read_table(results / "tables/table1-randomization_small.csv")
    assert first.row.tolist() == ["all weights 1", "Kaiming normal"]
    assert first.train_printed.tolist() == [10.0, 99.33]
    assert len(read_table(results / "tables/table2-randomization_small.csv")) == 4
    claims = read_table(results / "tables/claims-randomization_small.csv")
    of_size = claims[~claims.claim.str.contains("30,000 weights") & (claims.verdict != "not measured")]
    assert len(of_size)
    assert of_size.verdict.str.contains("small size: 24 training images, 2 epochs, carlini width 2").all()
    assert not list(own.glob(".*")), "finished jobs leave no state behind"
    for figure in ("randomization_fig4_fig5", "randomization_fig8_fig9"):
        assert (results / f"figures/{figure}.svg").is_file()


def test_a_run_that_is_killed_again_and_again_ends_with_the_same_bytes(checkout: Checkout) -> None:
    checkout.edit("tests/small.yaml", "    epochs: 2\n    seeds: 1", "    epochs: 120\n    seeds: 1")
    folder = checkout.root / "results/randomization_small/runs"
    points, table = (folder / f"residual-adam-b10-0.{kind}" for kind in ("safetensors", "csv"))
    target, state = str(points.relative_to(checkout.root)), checkpoint_of(table)
    log = checkout.root / "logs/randomization_small/run-residual-adam-b10-0.log"
    for moment in (0.0, 0.3):  # seconds after the first state that the run keeps
        seen = state.stat().st_mtime_ns if state.exists() else 0
        with subprocess.Popen(
            checkout.command(target), cwd=checkout.root, env=checkout.environment, stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL, start_new_session=True,
        ) as process:  # fmt: skip
            deadline = time.monotonic() + 120
            while not (state.exists() and state.stat().st_mtime_ns != seen):
                assert time.monotonic() < deadline, log.read_text()
                assert process.poll() is None, "it ended before it was killed"
                time.sleep(0.01)
            time.sleep(moment)
            os.killpg(process.pid, signal.SIGKILL)
        assert not points.exists()
    checkout.run(target)
    assert "going on from" in log.read_text()
    made = [file.read_bytes() for file in (points, table)]
    points.unlink()
    checkout.run(target)
    assert "going on from" not in log.read_text()
    assert [file.read_bytes() for file in (points, table)] == made
