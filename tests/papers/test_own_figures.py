"""Figures and claims of a user's study stand beside those of the paper, and never in their place."""

import json

import pytest
from checkouts import Checkout

MINE = {
    "mine": {"kind": "losses", "study": "tcm", "tracker": "line"},
    "my_plane": {"kind": "plane", "study": "tcm", "tracker": "guarded", "grid": 11},
    "my_counts": {"kind": "nonzero", "study": "tcm", "tracker": "guarded", "points": 2, "factors": [1.0]},
}

pytestmark = pytest.mark.slow


def with_figures(checkout: Checkout) -> Checkout:
    checkout.edit("params.yaml", "seed: 2019", f"seed: 2019\nfigures: {json.dumps(MINE)}")
    return checkout


def test_figures_of_ones_own_have_files_of_their_own(finished_copy: Checkout) -> None:
    before = {name: (finished_copy.root / name).read_bytes() for name in finished_copy.files()}
    own = with_figures(finished_copy)
    own.run(*MINE, "results/tables/claims-tcm.md")
    made = own.files() - before.keys()
    assert {f"results/figures/{name}.{suffix}" for name in MINE for suffix in ("svg", "png", "pdf")} <= made
    assert {"results/tcm/plane-my_plane/grid.csv", "results/tcm/nonzero-my_counts.csv"} <= made
    assert {name: (own.root / name).read_bytes() for name in before} == before
    claims = (own.root / "results/tables/claims-tcm.md").read_text()
    assert "| There are three non-zero eigenvalues |" in claims
    assert "| A zero-error path exists between every two solutions |" in claims


def test_figures_of_ones_own_come_with_their_study(checkout: Checkout) -> None:
    assert with_figures(checkout).planned("tcm")["figure"] == 5 + len(MINE)


@pytest.mark.parametrize("name", ["tcm", "paper", "claims"])
def test_a_figure_is_not_called_as_another_target(checkout: Checkout, name: str) -> None:
    checkout.edit("params.yaml", "seed: 2019", f"seed: 2019\nfigures: {json.dumps({name: MINE['mine']})}")
    done = checkout.run("paper", check=False)
    assert done.returncode != 0
    assert f"'{name}' is the name of a target, rule or folder" in done.stdout + done.stderr
