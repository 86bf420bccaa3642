"""A real run of the target `randomization` on the small overlay."""

import json

import pytest
from checkouts import Checkout
from given_data import needs_cifar

from ramble.store.artifacts import read_table
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
    of_size = claims[~claims.claim.str.contains("30,000 weights")]
    assert of_size.verdict.str.contains("small size: 24 training images, 2 epochs, carlini width 2").all()
    assert not list(own.glob(".*")), "finished jobs leave no state behind"
    for figure in ("randomization_fig4_fig5", "randomization_fig8_fig9"):
        assert (results / f"figures/{figure}.svg").is_file()
