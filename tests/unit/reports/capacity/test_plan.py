"""What a city is told: lines, seats, nodes."""

from dataclasses import replace

import pytest

from reports.capacity.erlang import Patience, blocked
from reports.capacity.hour import LIVELIHOOD, NUISANCE, WORLDS, Habits, Mix, means
from reports.capacity.plan import Wish, plan

WISH = Wish(calls_a_day=3500)


def test_the_sources_centre_without_a_bridge_blocks_almost_half() -> None:
    told = plan(WORLDS["no-bridge"], NUISANCE, Habits(), WISH)
    assert told.blocked_now == pytest.approx(0.459, abs=1e-3)
    assert told.desk_seats == 0
    assert blocked(told.load, told.lines) <= 0.01 < blocked(told.load, told.lines - 1)


def test_where_nobody_presses_a_menu_makes_it_worse_and_the_call_takers_key_mends_it() -> None:
    worlds = ("no-bridge", "menu-refer", "call-taker")
    none, menu, key = (plan(WORLDS[w], NUISANCE, Habits(), WISH).blocked_now for w in worlds)
    assert key < none < menu


def test_where_livelihood_callers_press_the_menu_helps() -> None:
    shares = [
        plan(WORLDS["menu-refer"], LIVELIHOOD, replace(Habits(), keys_correctly=p), WISH)
        for p in (0.0, 0.5, 1.0)
    ]
    assert shares[0].blocked_now > shares[1].blocked_now > shares[2].blocked_now


def test_the_desk_gets_the_seats_that_answer_in_time() -> None:
    told = plan(WORLDS["all"], LIVELIHOOD, Habits(), WISH)
    per_s = told.desk_load / Habits().desk_s
    desk = Patience(per_s, told.desk_seats, Habits().desk_s, Habits().waits_s)
    assert desk.answered_within(WISH.within_s) >= WISH.answered


def test_one_node_more_than_the_busy_hour_needs() -> None:
    big = replace(WISH, calls_a_day=2_000_000)  # 55.6 calls a second
    assert plan(WORLDS["all"], LIVELIHOOD, Habits(), big).nodes == 3 + 1


def test_with_no_time_to_press_the_means_are_those_of_silence() -> None:
    silent = means(WORLDS["menu-refer"], LIVELIHOOD, replace(Habits(), keys_correctly=0.0))
    assert silent.line_s == pytest.approx(Habits().silent_s + 60)


@pytest.mark.parametrize(
    "wish",
    [
        replace(WISH, calls_a_day=0),
        replace(WISH, busy_hour=1.5),
        replace(WISH, blocked_at_most=0.0),
        replace(WISH, answered=1.0),
    ],
)
def test_a_wish_that_nothing_can_meet_is_refused(wish: Wish) -> None:
    with pytest.raises(ValueError, match="share"):
        plan(WORLDS["all"], LIVELIHOOD, Habits(), wish)


def test_shares_that_are_not_one_together_are_refused() -> None:
    with pytest.raises(ValueError, match="not 1 together"):
        Mix("odd", 0.5, 0.5, 0.5)
