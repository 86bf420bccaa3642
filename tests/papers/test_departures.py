"""The table of departures: every cell says something, settings are those of the studies, and bars do not break it."""

import re

import pandas as pd
import pytest
from checkouts import ROOT

from ramble.papers.claim import Claim, at_least
from ramble.papers.ramble.claims.departures import NONE, departure_rows, departures
from ramble.papers.ramble.claims.evidence import Evidence
from ramble.papers.ramble.claims.table import write_claims
from ramble.parameters.document import read_parameters

STUDIES = {name: study.model_dump() for name, study in read_parameters([ROOT / "params.yaml"]).studies.items()}


def shipped() -> list[tuple[str, ...]]:
    return departure_rows(departures(STUDIES["tcm"], STUDIES["mnist100"]))[1:]


def test_every_departure_says_what_is_printed_where_what_is_done_why_and_its_effect():
    rows = shipped()
    assert len({row[0] for row in rows}) == len(rows) > 15
    for row in rows:
        assert len(row) == 6
        assert all(cell.strip() and "None" not in cell for cell in row), row


def test_an_effect_is_a_number_a_place_to_look_or_none():
    for *_, effect in shipped():
        assert re.search(rf"\d|`|above|{NONE}|^none", effect), effect


@pytest.mark.parametrize(
    "subject", ["norm rule", "sign of the elastic move", "initial weights", "restarts", "settling"]
)
def test_the_known_departures_are_named(subject):
    assert subject in [row[0] for row in shipped()]


def test_settings_are_those_of_the_studies():
    text = str(departures(STUDIES["tcm"] | {"problem": {"arguments": {"initial_sigma": 0.07}}}, STUDIES["mnist100"]))
    assert "sigma = 0.07" in text
    assert "from t = 0.99 on" in text


def test_a_study_without_a_setting_has_a_dash_for_it():
    rows = departure_rows(departures({}, {}))
    assert len(rows) == len(shipped()) + 1
    assert "sigma = -" in str(rows)
    assert "no other setting beside it" in str(rows)


def judged(measured: float, study: str = "tcm") -> Claim:
    return at_least("Paths, always", "3.1", study, "share", measured, "0 .. 1 |x|", 1.0)


@pytest.fixture
def written(tmp_path):
    """What is written of two claims, one of them judged at our setting too."""
    nothing = Evidence({}, {}, pd.DataFrame(), {}, {}, {})
    claims, tuned = [judged(0.0), judged(1.0, "mnist100")], [judged(0.25)]
    files = [str(tmp_path / f"claims.{suffix}") for suffix in ("csv", "json", "md")]
    write_claims(claims, tuned, departures(STUDIES["tcm"], STUDIES["mnist100"]), nothing, *files)
    return tmp_path


def test_our_setting_stands_beside_the_verdict_and_does_not_change_it(written):
    table = pd.read_csv(written / "claims.csv", comment="#")
    assert table.measured.tolist() == [0.0, 1.0]
    assert table.verdict.tolist() == ["not reproduced", "reproduced"]
    assert table.measured_tuned.iloc[0] == 0.25
    assert table.measured_tuned.isna().tolist() == [False, True]
    assert table.spread_tuned.tolist() == ["0 .. 1 |x|", "-"]
    text = (written / "claims.md").read_text()
    assert "## The same claims at our setting of Algorithm 1" in text
    assert "| Paths, always | tcm | share | 0 | 0.25 | 0 .. 1 \\|x\\| | >= 1 |" in text


def test_every_row_of_a_table_has_as_many_cells_as_its_header(written):
    rows = [line for line in (written / "claims.md").read_text().splitlines() if line.startswith("|")]
    assert len(rows) > 20
    cells = 0
    for before, line in zip(["", *rows], rows, strict=False):
        found = len(re.findall(r"(?<!\\)\|", line))
        if re.match(r"\| ---", line):
            cells = len(re.findall(r"(?<!\\)\|", before))
        elif cells and not re.match(r"\| (claim|what|study|at|inputs)", line):
            assert found == cells, line
