"""The loss barrier of a path."""

import pandas as pd
import pytest

from ramble.measure.barrier import loss_barrier


def profile(s: list[float], losses: list[float]) -> pd.DataFrame:
    return pd.DataFrame({"s": s, "t": s, "train_loss": losses})


def test_it_is_what_sticks_out_of_the_line_between_the_ends():
    assert loss_barrier(profile([0.0, 0.25, 1.0], [1.0, 4.0, 3.0])) == pytest.approx(4.0 - 1.5)


def test_it_is_taken_by_the_share_of_the_length_and_not_by_the_number_of_the_point():
    assert loss_barrier(profile([0.0, 0.9, 1.0], [0.0, 1.0, 1.0])) == pytest.approx(0.1)


def test_a_path_that_hangs_through_has_none():
    assert loss_barrier(profile([0.0, 0.5, 1.0], [1.0, 0.1, 1.0])) == 0.0


def test_a_loss_that_is_no_number_is_no_barrier():
    assert loss_barrier(profile([0.0, 0.5, 1.0], [1.0, float("inf"), 1.0])) == float("inf")
    assert loss_barrier(profile([0.0, 0.5, 1.0], [1.0, float("nan"), 1.0])) != 0
