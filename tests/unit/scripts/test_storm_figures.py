"""The intervals of the storm's shares: they must hold what they say."""

import random

import pytest

from reports.capacity.erlang import blocked
from reports.capacity.hour import LIVELIHOOD, WORLDS, Habits, Kind
from scripts.storm.figures import figures, share
from scripts.storm.simulation import Attempt, simulate


def attempt(at: float, *, counts: bool) -> Attempt:
    return Attempt(at, Kind.POLICE, 0, counts, counts, 0.0 if counts else 1.0, None)


def test_about_nineteen_of_twenty_intervals_of_a_played_length_hold_the_long_runs_share() -> None:
    """Eight switches of twenty minutes, as they are played; bursts and all."""
    world, habits = WORLDS["all"], Habits()
    long_run = [simulate(world, LIVELIHOOD, habits, 40, n) for n in range(40)]
    truth = share(long_run, lambda a: True, lambda a: a.blocked).value
    held = 0
    for run in range(200):
        seen = [simulate(world, LIVELIHOOD, habits, 1 / 3, 1000 + run * 8 + n) for n in range(8)]
        held += truth in share(seen, lambda a: True, lambda a: a.blocked)
    assert 176 <= held <= 199


def test_calls_that_were_free_to_vary_alone_would_make_it_too_narrow() -> None:
    """The control: the same attempts in any order, so that no burst is left."""
    dice = random.Random(1)
    bursts = [[attempt(300.0 * n + m, counts=n % 2 == 0) for n in range(12) for m in range(20)]]
    mixed = [one.blocked for one in bursts[0]]
    dice.shuffle(mixed)
    loose = [[attempt(a.at, counts=c) for a, c in zip(bursts[0], mixed, strict=True)]]
    wide, narrow = (share(s, lambda a: True, lambda a: a.blocked) for s in (bursts, loose))
    assert wide.value == narrow.value == 0.5
    assert wide.high - wide.low > 3 * (narrow.high - narrow.low)


@pytest.mark.parametrize(("counts", "low", "high"), [(False, 0.0, 0.03), (True, 0.97, 1.0)])
def test_none_of_a_hundred_is_not_proved_to_be_none_at_all(counts, low, high) -> None:
    found = share(
        [[attempt(float(n), counts=counts) for n in range(100)]],
        lambda a: True,
        lambda a: a.blocked,
    )
    assert found.low == pytest.approx(low)
    assert found.high == pytest.approx(high)


def test_the_formula_gets_what_was_measured() -> None:
    seen = [simulate(WORLDS["no-bridge"], LIVELIHOOD, Habits(), 2, n) for n in range(10)]
    found = figures(seen, 2)
    per_s = found.attempts / (10 * 2 * 3600)
    assert found.erlang_b == blocked(per_s * found.line_s, 4)
