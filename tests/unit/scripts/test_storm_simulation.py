"""The simulation of the storm against Erlang B, and against itself."""

from dataclasses import replace
from functools import cache

import pytest

from reports.capacity.hour import LIVELIHOOD, MIXES, NUISANCE, WORLDS, Habits, Kind, means
from scripts.storm.figures import Figures, figures
from scripts.storm.simulation import Attempt, simulate

HABITS = Habits()


@cache
def hours(world: str, mix: str, habits: Habits = HABITS, *, channels: int = 30) -> Figures:
    of = [simulate(WORLDS[world], MIXES[mix], habits, 4, n, channels=channels) for n in range(30)]
    return figures(of, 4)


@pytest.mark.parametrize("mix", MIXES)
@pytest.mark.parametrize("world", WORLDS)
def test_it_blocks_as_the_formula_says(world: str, mix: str) -> None:
    found = hours(world, mix)
    # The one caller is not random enough for the formula: he is never in two calls at once.
    assert found.blocked.value == pytest.approx(found.erlang_b, abs=0.015)


@pytest.mark.parametrize("world", WORLDS)
def test_calls_hold_a_line_as_long_as_the_plan_reckons(world: str) -> None:
    reckoned = means(WORLDS[world], LIVELIHOOD, HABITS)
    assert hours(world, "livelihood").line_s == pytest.approx(reckoned.line_s, rel=0.04)


def test_the_same_seed_brings_the_same_people_into_every_world() -> None:
    first, second = (
        simulate(WORLDS[w], LIVELIHOOD, HABITS, 1, 7) for w in ("no-bridge", "menu-refer")
    )
    assert [(a.at, a.kind) for a in first] == [(a.at, a.kind) for a in second]


def test_redirect_runs_out_of_channels_where_the_trunk_has_only_the_police_lines() -> None:
    few, many = (
        hours("menu-redirect", "livelihood", channels=4),
        hours("menu-redirect", "livelihood"),
    )
    refer = hours("menu-refer", "livelihood", channels=4)
    assert few.blocked.value > 1.3 * many.blocked.value
    assert refer.blocked.value == pytest.approx(many.blocked.value, abs=0.02)


def test_who_is_blocked_tries_again_and_makes_it_worse_for_all() -> None:
    again = hours("no-bridge", "nuisance", replace(HABITS, redials=0.8))
    once = hours("no-bridge", "nuisance")
    assert again.blocked.value > once.blocked.value
    assert again.emergencies_lost.value < once.emergencies_lost.value
    assert again.seat_p99_s > 10 > once.seat_p99_s


def test_nobody_tries_more_often_than_he_would() -> None:
    eager = replace(HABITS, redials=1.0, redials_at_most=2)
    made = simulate(WORLDS["no-bridge"], LIVELIHOOD, eager, 5, 1)
    assert {a.tries for a in made} == {0, 1, 2}
    assert all(a.blocked and a.tries == 2 for a in made if a.gave_up)


def test_one_caller_makes_73_calls_in_90_minutes() -> None:
    made = simulate(WORLDS["no-bridge"], NUISANCE, HABITS, 150, 3)
    his = sum(a.kind is Kind.ONE for a in made)
    assert his / 150 * 1.5 == pytest.approx(73, rel=0.1)


def test_one_caller_is_never_in_two_calls_at_once() -> None:
    """Where he is handed over he talks to the desk before he calls again, so he calls less."""
    made = simulate(WORLDS["call-taker"], NUISANCE, HABITS, 150, 3)
    his = sum(a.kind is Kind.ONE for a in made)
    assert 30 < his / 150 * 1.5 < 50


def test_an_hour_without_an_emergency_has_no_figures() -> None:
    junk = Attempt(1.0, Kind.JUNK, 0, False, False, 60.0, None)
    with pytest.raises(ValueError, match="0 emergencies"):
        figures([[junk]], 1)
