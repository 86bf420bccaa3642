"""What a path's file may falsely say, its digest made anew: `verify` finds it, or says that it does not look at it."""

import random
from pathlib import Path

import pandas as pd
import pytest
import torch
from test_verify import (
    STEP,
    committee,
    committee_path,
    edit,
    of_parts,
    points_of,
    rewrite,
    verify,
)

from ramble.certificates.paths import certify_path
from ramble.store.artifacts import write_table
from ramble.store.headers import Status
from ramble.store.tensors import read_tensors, tensors_digest, write_tensors
from ramble.verification.artifact import BELIEVED

SMALL = 8  # points


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """A certified path that arrived."""
    return committee_path(tmp_path, points=SMALL)


def header(file: Path) -> dict[str, str]:
    return read_tensors(file)[1]


def beside(file: Path) -> list[Path]:
    """All files that a verdict depends on."""
    folder = file.parents[2]
    return [file, file.with_suffix(".csv"), folder / "data/0.safetensors", *sorted(folder.glob("solutions/*"))]


# {field: [(what it is changed to, the exit code, what is said)]}: every field that a path's header has
OTHER = "0" * 64
CHANGES: dict[str, list[tuple[str, int, str]]] = {
    "study": [("mnist100", 2, "belongs to study 'tcm'"), ("tcm_load", 2, "no paths of study"), ("", 2, "no paths of")],
    "tracker": [("nobody", 2, "no paths of study 'tcm' by tracker 'nobody'")],
    "pair": [("0-1-0", 1, "its header says that it is pair '0-1-0'")],
    "inputs": [("11", 1, "its header says 11 inputs, the data set has 10"), ("-1", 2, "not a whole number")],
    "data_digest": [(OTHER, 1, "it was made from another data/0.safetensors"), ("x", 2, "not a SHA-256")],
    "start_digest": [(OTHER, 1, "it was made from another solutions/0-0.safetensors")],
    "end_digest": [(OTHER, 1, "it was made from another solutions/0-1.safetensors")],
    "steps_digest": [(OTHER, 1, "0-0-1.csv is not the table that was written with it")],
    "status": [
        ("stuck", 1, "it is recorded as stuck, but reaches W_b and no segment has an error"),
        ("left-S", 1, "it is recorded as left-S, but reaches W_b"),
        ("out-of-budget", 1, "it is recorded as out-of-budget, but reaches W_b"),
        ("nonsense", 2, "its header says status = 'nonsense', not one of arrived, "),
        ("arrived\x1b[2K\nholds  x", 2, r"status = 'arrived\x1b[2K\nholds  x', not one of"),
    ],
    "steps": [("2", 1, "its header says 2 steps, 0-0-1.csv has 1"), ("1_0", 2, "not a whole number")],
    "gradients": [("6", 1, "its header says 6 gradients, 0-0-1.csv says 5")],
    "evaluations": [("1", 1, "its header says 1 evaluations, 0-0-1.csv says 2"), ("", 2, "not a whole number")],
    "certificate": [
        ("none", 1, "its header says certificate none, recomputed it is exact"),
        ("proven", 2, "certificate = 'proven', not one of none, sampled, sound, exact"),
    ],
    "certified_segments": [("1000000", 1, "1000000 certified segments, recomputed 7"), ("6", 1, "6 certified")],
    "min_margin": [
        ("999", 1, "its header says smallest margin 999, recomputed "),
        ("nan", 1, "its header says smallest margin nan, recomputed "),
        ("-inf", 1, "its header says smallest margin -inf, recomputed "),
        ("high", 2, "min_margin = 'high', not a number"),
    ],
    "certificate_resolution": [
        ("1.0", 2, "made with certificate_resolution = '1.0', the parameters say 0.015625"),
        ("0", 2, "not a share of a segment"),
        ("nan", 2, "not a share of a segment"),
    ],
    "max_errors": [("1", 2, "made with max_errors = '1', the parameters say 0"), ("-1", 2, "not a whole number")],
    "input_scale": [("0.5", 2, "made with input_scale = '0.5', the parameters say 1.0")],
}


def test_every_field_of_a_header_is_compared_or_said_not_to_be(file, capsys):
    assert verify(file) == 0
    believed = {name for name in BELIEVED if name in header(file)}
    assert believed == set(BELIEVED)
    assert header(file).keys() == CHANGES.keys() | believed
    assert (
        capsys.readouterr()
        .out.splitlines()[1]
        .endswith("; not compared: " + ", ".join(name for name in BELIEVED if name in believed))
    )


@pytest.mark.parametrize(
    ("field", "value", "code", "says"), [(name, *change) for name, changes in CHANGES.items() for change in changes]
)
def test_a_changed_field_is_noticed(file, capsys, field, value, code, says):
    rewrite(file, **{field: value})
    assert verify(file) == code
    out, err = capsys.readouterr()
    assert says in (out if code == 1 else err)
    assert len((out + err).splitlines()) == (2 if code == 1 else 1)


@pytest.mark.parametrize("field", sorted(CHANGES.keys() - {"max_errors"}))  # without it a path allows none
def test_a_missing_field_is_noticed(file, capsys, field):
    tensors, fields = read_tensors(file)
    write_tensors(file, tensors, {name: value for name, value in fields.items() if name != field})
    assert verify(file) == 2
    assert field in capsys.readouterr().err


def test_a_margin_raised_by_a_millionth_of_it_is_noticed(file):
    margin = float(header(file)["min_margin"])
    for factor, code in ((1 + 1e-5, 1), (1 + 1e-9, 0), (1 - 1e-5, 1)):
        rewrite(file, min_margin=repr(margin * factor))
        assert verify(file) == code


def test_a_weaker_kind_of_certificate_is_no_false_claim_but_its_margin_may_be(file, capsys):
    rewrite(file, certificate="sampled")
    assert verify(file) == 0
    rewrite(file, min_margin="999")
    assert verify(file) == 1
    assert "its header says smallest margin 999, the check found" in capsys.readouterr().out


@pytest.mark.parametrize(
    "spoil",
    [
        lambda t: torch.full_like(t, torch.nan),
        lambda t: t + 1e-4,
        lambda t: t.flip(0),
        lambda t: torch.cat([t[:-1], t[-1:] - 1e-7]),  # W_b is at 1 and nothing else is
        lambda t: t.clone().index_fill_(0, torch.tensor([3]), torch.inf),
    ],
)
def test_t_is_computed_anew(file, capsys, spoil):
    of_parts(file, t=spoil(read_tensors(file)[0]["t"]))
    assert verify(file) == 1
    out = capsys.readouterr().out
    assert "t of point " in out
    assert " is recorded as " in out


def test_a_zero_of_the_other_sign_is_another_bit(file, capsys):
    one = beside(file)[-2]
    state, fields = read_tensors(one)
    state["weight"][0, 0] = 0.0
    write_tensors(one, state, fields)
    edit(file, 0, state["weight"].flatten())
    points = points_of(file)
    assert points[0, 0] == 0
    rewrite(file, start_digest=tensors_digest(one))
    verify(file)
    assert "W_a to the bit" not in capsys.readouterr().out
    points[0, 0] = -0.0
    of_parts(file, points=points)
    assert verify(file) == 1
    assert "its first point is not W_a to the bit" in capsys.readouterr().out


def test_swapped_ends_are_noticed(file, capsys):
    tensors, fields = read_tensors(file)
    write_tensors(file, {"points": tensors["points"].flip(0), "t": tensors["t"]}, fields)
    assert verify(file) == 1
    assert "its first point is not W_a to the bit" in capsys.readouterr().out
    swapped = {"start_digest": fields["end_digest"], "end_digest": fields["start_digest"]}
    write_tensors(file, tensors, fields | swapped)
    assert verify(file) == 1
    assert "it was made from another solutions/0-0.safetensors" in capsys.readouterr().out
    write_tensors(file, tensors, fields)
    one, other = beside(file)[-2:]
    first, second = one.read_bytes(), other.read_bytes()
    one.write_bytes(second)
    other.write_bytes(first)
    assert verify(file) == 1
    assert "solutions/0-0.safetensors says seed = '1'" in capsys.readouterr().out


def test_another_data_set_is_noticed_though_the_path_has_no_error_on_it(file, capsys):
    data = beside(file)[2]
    tensors, fields = read_tensors(data)
    write_tensors(data, {name: values[1:] for name, values in tensors.items()}, fields)
    assert verify(file) == 1
    out = capsys.readouterr().out
    assert "it was made from another data/0.safetensors" in out
    assert "its header says 10 inputs, the data set has 9" in out


def test_a_header_that_knows_the_other_data_set_still_claims_its_margin(file, capsys):
    data = beside(file)[2]
    tensors, fields = read_tensors(data)
    order = torch.tensor([0, 1, 2, 3, 4, 5, 6, 7, 8, 8])
    write_tensors(data, {name: values[order] for name, values in tensors.items()}, fields)
    rewrite(file, data_digest=tensors_digest(data), min_margin="1.5")
    assert verify(file) == 1
    assert "its header says smallest margin 1.5, recomputed" in capsys.readouterr().out


def test_points_that_are_moved_and_claim_what_they_claimed_are_noticed(file, capsys):
    middle = points_of(file)[3]
    edit(file, 3, -middle)
    assert verify(file) == 1
    out = capsys.readouterr().out
    assert "segment 2 has " in out
    assert "its header says certificate exact, recomputed it is none" in out


def test_a_shorter_path_claims_too_much(file, capsys):
    tensors, _ = read_tensors(file)
    of_parts(file, points=tensors["points"][:-1], t=tensors["t"][:-1])
    assert verify(file) == 1
    out = capsys.readouterr().out
    assert "it is recorded as arrived, but its last point is not W_b to the bit" in out
    assert "its header says 7 certified segments, recomputed 6" in out


def test_another_table_of_steps_is_noticed(file, capsys):
    table = file.with_suffix(".csv")
    write_table(table, pd.DataFrame([{"step": 1, "gradients": 5, "evaluations": 2}]))
    assert verify(file) == 1
    assert "0-0-1.csv is not the table that was written with it" in capsys.readouterr().out
    write_table(table, pd.DataFrame([{"step": STEP.step}]))
    assert verify(file) == 2
    assert "0-0-1.csv: has no numbers of gradients and evaluations" in capsys.readouterr().err


def test_a_path_with_a_hole_that_says_so_still_does_not_hold(tmp_path, capsys):
    file = committee_path(tmp_path, points=SMALL, status=Status.STUCK)
    edit(file, 3, -points_of(file)[3])
    found = certify_path(committee(), points_of(file), 0, 1 / 64)
    rewrite(file, certificate="none", certified_segments="2", min_margin=str(found.min_margin))
    assert verify(file) == 1
    out = capsys.readouterr().out
    assert "; segment 2 has " in out
    assert "recomputed" not in out


def test_damage_of_any_file_of_a_verdict_is_found(file, capsys):
    draw = random.Random(7)
    for damaged in beside(file):
        whole = damaged.read_bytes()
        for place in draw.sample(range(len(whole)), 25):
            changed = bytes([whole[place] ^ draw.randrange(1, 256)])
            damaged.write_bytes(whole[:place] + changed + whole[place + 1 :])
            assert verify(file) == 2, (damaged, place, changed)
            (line,) = capsys.readouterr().err.splitlines()
            assert damaged.name in line
            assert "cannot be judged" not in line
        damaged.write_bytes(whole)
    assert verify(file) == 0


@pytest.mark.parametrize("text", ["\nholds  results/x", "\x1b[1A\x1b[2K", "\r", "\u2028", "\u202e", "\x85", "\x00"])
def test_no_text_of_a_file_prints_a_line_of_its_own(file, capsys, text):
    lines = []
    for name in ("study", "tracker", "pair", "status", "reason", "certificate", "provenance", "input_scale", text):
        before = file.read_bytes()
        rewrite(file, **{name: f"arrived{text}"})
        verify(file)
        out, err = capsys.readouterr()
        lines += (out + err).splitlines()
        assert len((out + err).split("\n")) - 1 in (1, 2)
        assert all(character.isprintable() for character in (out + err).replace("\n", ""))
        file.write_bytes(before)
    assert all(line.startswith(("holds  /", "FAILS  /", "       compared: ", "error: ")) for line in lines)


def test_no_name_of_a_file_prints_a_line_of_its_own(file, capsys, tmp_path):
    folder = tmp_path / "a\nholds  x\x1b[2K\udc80"
    file.parents[2].rename(folder)
    moved = folder / "paths/paper/0-0-1.safetensors"
    assert verify(moved) == 0
    assert verify(folder / "paths/paper/no\nholds.safetensors") == 2
    out, err = capsys.readouterr()
    assert r"a\nholds  x\x1b[2K\udc80/paths" in out
    assert len(out.splitlines()) == 2
    assert len(err.splitlines()) == 1
