"""Which seats the watch takes for paused by misses, and when it takes a telephone for back."""

import pytest
from click.testing import CliRunner

from config.settings import load_settings
from ivr.ami_seats import MISSED
from ivr.ami_snapshot import Member, Queue, SeatState
from scripts.cli.main import l110
from scripts.watch.seats import Returns, Sign, paused_by_misses, police_away

FREE, AWAY, TALKING = SeatState.FREE, SeatState.AWAY, SeatState.TALKING


def member(name: str, *, paused: bool = True, why: str = MISSED) -> Member:
    return Member(name, f"PJSIP/{name}", FREE, paused, False, 0, why)


def test_only_who_missed_is_paused_by_misses_and_each_seat_once():
    members = [
        member("a"),
        member("b", why="lunch"),
        member("c", paused=False),
        member("d", why=""),
    ]
    queues = [Queue("police", members), Queue("police-menu-off", members[:1])]
    assert list(paused_by_misses(queues)) == ["a"]


@pytest.mark.parametrize(
    ("seen", "back"),
    [
        pytest.param([Sign(FREE, "x"), Sign(FREE, "x")], False, id="nothing changed"),
        pytest.param([Sign(FREE, "x"), Sign(FREE, "y")], True, id="registered anew"),
        pytest.param([Sign(FREE, "x"), Sign(AWAY, "x"), Sign(FREE, "x")], True, id="was away"),
        pytest.param([Sign(FREE, "x"), Sign(AWAY, "")], False, id="went"),
        pytest.param([Sign(AWAY, ""), Sign(AWAY, "y")], False, id="registered and away"),
        pytest.param([Sign(FREE, "x"), Sign(FREE, ""), Sign(FREE, "x")], False, id="not told once"),
        pytest.param([Sign(TALKING, "x")], True, id="talks"),
        pytest.param([Sign(FREE), Sign(FREE)], False, id="behind the switch"),
    ],
)
def test_a_telephone_is_back_when_it_shows_itself_anew(seen, back):
    returns = Returns()
    said = [returns.look({"seat-8001": sign}, 0.0) for sign in seen]
    assert said == [()] * (len(seen) - 1) + [("seat-8001",) if back else ()]


def test_who_is_not_paused_any_more_is_forgotten():
    returns = Returns()
    returns.look({"seat-8001": Sign(FREE, "x")}, 0.0)
    returns.look({}, 0.0)
    assert returns.look({"seat-8001": Sign(FREE, "y")}, 0.0) == ()


def test_a_seat_behind_the_switch_is_tried_again_after_its_time_and_never_without_one():
    timed, untimed = Returns(600), Returns()
    signs = {"seat-8001": Sign(FREE)}
    assert [timed.look(signs, at) for at in (0.0, 599.0, 600.0)] == [(), (), ("seat-8001",)]
    assert [untimed.look(signs, at) for at in (0.0, 86400.0)] == [(), ()]


def test_no_seat_that_the_settings_do_not_name_is_unpaused():
    answer = CliRunner().invoke(l110, ["seats", "unpause", "110"])
    assert answer.exit_code == 2
    assert "no seat 110" in answer.output


def at(name: str, state: SeatState, *, paused: bool = False) -> Member:
    return Member(name, f"PJSIP/{name}", state, paused, False, 0)


GONE = [at("a", AWAY), at("b", SeatState.INVALID), at("c", FREE, paused=True)]


@pytest.mark.parametrize(
    ("members", "away"),
    [
        pytest.param(GONE, ("a", "b", "c"), id="unregistered, unknown and paused"),
        pytest.param([*GONE, at("d", FREE)], (), id="one is free"),
        pytest.param([*GONE, at("d", TALKING)], (), id="one talks"),
        pytest.param([*GONE, at("d", SeatState.RINGING)], (), id="one rings"),
        pytest.param([*GONE, at("d", SeatState.BUSY)], (), id="one is busy"),
        pytest.param([], ("seat-8001", "seat-8002", "seat-8003", "seat-8004"), id="empty queue"),
    ],
)
def test_the_police_are_away_when_none_of_their_seats_could_ring(members, away):
    queues = [Queue("police", members), Queue("livelihood", [at("z", FREE)])]
    assert police_away(queues, load_settings()) == away


@pytest.mark.parametrize(
    "police",
    [
        pytest.param({"destinations": ("dial:8199", "refer:8199")}, id="not sent to seats"),
        pytest.param({"seats": ()}, id="no seats"),
    ],
)
def test_where_the_police_are_reached_otherwise_no_seat_of_theirs_is_missed(police):
    settings = load_settings()
    told = settings.police.model_copy(update=police)
    assert police_away([Queue("police")], settings.model_copy(update={"police": told})) == ()
