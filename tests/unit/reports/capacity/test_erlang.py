"""Erlang's formulas against figures that were published, and against each other."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reports.capacity.erlang import (
    Patience,
    answered_within,
    blocked,
    lines_for,
    load_that_blocks,
    seats_for,
    waits,
)

# The usual table of Erlang B: the load in erlangs that so many lines carry at 1 % and 5 % blocking.
TABLE_B = {
    1: (0.0101, 0.0526),
    2: (0.153, 0.381),
    3: (0.455, 0.899),
    4: (0.869, 1.52),
    5: (1.36, 2.22),
    10: (4.46, 6.22),
    20: (12.0, 15.2),
    30: (20.3, 24.8),
    50: (37.9, 44.5),
    100: (84.1, 95.2),
}


@pytest.mark.parametrize("lines", TABLE_B)
def test_b_gives_the_published_table(lines: int) -> None:
    for share, published in zip((0.01, 0.05), TABLE_B[lines], strict=True):
        assert load_that_blocks(share, lines) == pytest.approx(published, rel=4e-3)


def test_b_gives_the_sources_figures_for_four_lines() -> None:
    """350 calls in the busy hour of 60 s each; then 97.7 % of them leave after 10, 15, 20 s."""
    assert blocked(350 * 60 / 3600, 4) == pytest.approx(0.46, abs=0.005)
    left = [350 * (0.023 * 60 + 0.977 * s) / 3600 for s in (10, 15, 20)]
    shares = [blocked(load, 4) for load in left]
    assert shares == pytest.approx([0.02, 0.053, 0.099], abs=0.001)


@pytest.mark.parametrize(("seats", "published"), [(11, 0.682), (12, 0.449), (14, 0.174)])
def test_c_gives_the_published_waits_at_ten_erlangs(seats: int, published: float) -> None:
    assert waits(10, seats) == pytest.approx(published, abs=6e-4)


def test_a_gives_the_published_example_of_fifty_seats() -> None:
    """48 calls a minute, a minute each: 20.8 s of wait; with abandonment 3.7 s, and 3.1 % leave.

    Gans, Koole and Mandelbaum, "Telephone call centers", 2003, table 1.
    """
    assert waits(48, 50) * 60 / (50 - 48) == pytest.approx(20.8, abs=0.05)
    centre = Patience(48 / 60, 50, 60, 120)
    assert centre.gives_up == pytest.approx(0.031, abs=5e-4)
    assert centre.mean_wait_s == pytest.approx(3.7, abs=0.05)


@given(load=st.floats(0.01, 200), lines=st.integers(1, 200))
def test_more_lines_never_block_more(load: float, lines: int) -> None:
    assert 0 <= blocked(load, lines) <= blocked(load, lines - 1) <= 1


@given(load=st.floats(0.01, 60), share=st.floats(0.001, 0.5))
def test_the_lines_for_a_share_are_enough_and_not_one_too_many(load: float, share: float) -> None:
    lines = lines_for(load, share)
    assert blocked(load, lines) <= share
    assert lines == 0 or blocked(load, lines - 1) > share


@given(per_s=st.floats(0.005, 0.5), seats=st.integers(1, 40), patience=st.floats(5, 600))
def test_of_all_callers_each_is_answered_at_once_or_later_or_gives_up(
    per_s: float, seats: int, patience: float
) -> None:
    centre = Patience(per_s, seats, 60, patience)
    at_once = centre.answered_within(0)
    assert at_once == pytest.approx(1 - centre.waits, abs=1e-6)
    assert centre.answered_within(100 * patience) == pytest.approx(1 - centre.gives_up, abs=1e-6)
    assert at_once <= centre.answered_within(10) + 1e-9


def test_endless_patience_is_formula_c() -> None:
    centre = Patience(10 / 60, 12, 60, 1e7)
    assert centre.waits == pytest.approx(waits(10, 12), abs=1e-3)
    assert centre.answered_within(20) == pytest.approx(answered_within(10, 12, 20, 60), abs=1e-3)


def test_no_patience_is_formula_b() -> None:
    centre = Patience(10 / 60, 12, 60, 1e-3)
    assert centre.gives_up == pytest.approx(blocked(10, 12), abs=1e-3)


def test_seats_for_a_wish_are_enough_and_not_one_too_many() -> None:
    seats = seats_for(10 / 60, 60, 60, 0.95, 15)
    assert Patience(10 / 60, seats, 60, 60).answered_within(15) >= 0.95
    assert Patience(10 / 60, seats - 1, 60, 60).answered_within(15) < 0.95


@pytest.mark.parametrize("load", [-1.0, math.nan, math.inf])
def test_a_load_that_is_none_is_refused(load: float) -> None:
    with pytest.raises(ValueError, match="0 or more"):
        blocked(load, 4)
