from datetime import UTC, datetime
from xml.etree import ElementTree

import pytest

from scripts.benchmarks.curves import draw_curves
from scripts.benchmarks.machine import Machine
from scripts.benchmarks.maximum import ANSWER_WITHIN_MS, LATE_MS, Round, climb_all, judged
from scripts.benchmarks.maximum_report import PURE, MaximumResult
from scripts.benchmarks.peers.programs import PEERS
from scripts.benchmarks.search import FINE, Search
from scripts.benchmarks.timed_calls import Heard
from scripts.lab.sipp import Endpoint


def searched(limit, first=10.0):
    """A search against a side that holds every rate up to `limit`."""
    search = Search(first)
    for _ in range(100):
        if search.over:
            return search
        rate = search.next_rate
        search.tell(rate, rate <= limit)
    raise AssertionError(f"never found: {search}")


@pytest.mark.parametrize("limit", [1.0, 3.0, 9.9, 10.0, 47.0, 200.0])
def test_the_search_ends_just_below_what_fails(limit):
    search = searched(limit)
    assert search.held <= limit < search.failed <= search.held * FINE


def test_a_side_that_holds_nothing_has_a_maximum_of_none():
    assert searched(0.0).held == 0


def test_a_rate_that_fails_once_is_tried_once_more():
    search = Search(10.0)
    search.tell(10.0, False)
    assert (search.next_rate, search.failed) == (10.0, None)
    search.tell(10.0, True)
    assert search.next_rate == 15.0


def heard(answer_ms=(5.0,), late_ms=0.0, problem=""):
    return Heard(list(answer_ms), [3.0], late_ms, 0.1, [], problem)


def test_a_round_holds_when_its_callers_were_all_served_in_time():
    assert judged(heard()) == ""


@pytest.mark.parametrize(
    "bad",
    [
        heard(problem="a call hangs"),
        heard(answer_ms=[5.0] * 50 + [ANSWER_WITHIN_MS + 1]),
        heard(late_ms=LATE_MS + 1),
    ],
)
def test_a_failed_call_a_slow_answer_or_late_callers_break_a_round(bad):
    assert judged(bad)


class FakeSide:
    user = "110"

    def __init__(self, name, limit):
        self.name, self.limit = name, limit


def a_round(rate, why):
    return Round(rate, 100, why, [5.0], [3.0], {"asterisk": 5.0}, 0.1, 1.0)


@pytest.fixture
def played(monkeypatch):
    order = []

    def play(side, _at, stream):
        order.append((side.name, stream.rate))
        return a_round(stream.rate, "" if stream.rate <= side.limit else "too much")

    monkeypatch.setattr("scripts.benchmarks.maximum.play", play)
    return order


def climbed(*sides, minutes=1.0):
    at = Endpoint("127.0.0.1", 5060, 40000)
    return climb_all(sides, at, first=10.0, round_s=1.0, minutes=minutes, tell=lambda *_told: None)


def test_the_sides_climb_turn_by_turn_and_each_to_its_own_end(played):
    pure, ours = climbed(FakeSide(PURE, 100), FakeSide("Livelihood 110, SQLite", 40))
    assert played[2:6] == [
        (PURE, 10.0), (ours.side.name, 10.0), (PURE, 15.0), (ours.side.name, 15.0),
    ]  # fmt: skip
    assert 100 / FINE <= pure.search.held <= 100
    assert 40 / FINE <= ours.search.held <= 40


def result(*climbs):
    machine = Machine(2, 1.0, 1.0, "Linux", "3.11")
    return MaximumResult("x", datetime(2026, 11, 26, tzinfo=UTC), climbs, [], machine)


@pytest.mark.parametrize(("limit", "reached"), [(90, True), (50, False)])
def test_the_goal_is_a_share_of_what_the_pure_dialplan_holds(played, limit, reached):
    found = result(*climbed(FakeSide(PURE, 100), FakeSide("Livelihood 110, SQLite", limit)))
    assert found.goal_reached is reached


def test_one_of_two_stores_below_the_goal_misses_it(played):
    sides = (FakeSide(PURE, 100), FakeSide("Livelihood 110, SQLite", 95))
    assert result(*climbed(*sides)).goal_reached
    assert not result(*climbed(*sides, FakeSide("Livelihood 110, PostgreSQL", 40))).goal_reached


def test_a_search_without_an_end_reaches_no_goal_and_has_no_share(played):
    sides = (FakeSide(PURE, 100), FakeSide("Livelihood 110, SQLite", 100))
    pure, ours = climbed(*sides, minutes=0)
    for climb in (pure, ours):
        climb.search.tell(10.0, True)
    assert not result(pure, ours).goal_reached
    assert result(pure, ours).of_pure(ours) is None


@pytest.mark.parametrize(("pure_held", "missed"), [(100, True), (60, False)])
def test_a_goal_that_cannot_be_reached_any_more_is_missed_before_the_search_has_ended(
    played, pure_held, missed
):
    pure, ours = climbed(FakeSide(PURE, 100), FakeSide("Livelihood 110, SQLite", 100), minutes=0)
    pure.search.tell(pure_held, True)
    for _ in range(2):
        ours.search.tell(50.0, False)
    found = result(pure, ours)
    assert found.goal_missed is missed
    assert not found.goal_reached
    assert found.at_most(ours) == 50 / pure_held


def test_the_picture_has_each_side_in_its_key_and_each_panel(tmp_path):
    sides = {"pure & simple": [(10.0, 2.0), (20.0, 4.0)], "ours": [(10.0, 3.0)]}
    draw_curves({"answer, p99 ms": sides, "release, p99 ms": sides}, tmp_path / "it.svg")
    root = ElementTree.parse(tmp_path / "it.svg").getroot()
    texts = ["".join(text.itertext()) for text in root.iter("{http://www.w3.org/2000/svg}text")]
    assert {"pure & simple", "ours", "answer, p99 ms", "release, p99 ms"} <= set(texts)


def test_each_peer_says_what_brings_it_and_has_an_extension_of_its_own(tmp_path):
    assert all(peer.brought_by for peer in PEERS)
    assert len({peer.user for peer in PEERS}) == len(PEERS)
    for peer in PEERS:
        assert f"exten => {peer.user},1," in peer.dialplan(tmp_path, "127.0.0.1")
        assert bool(peer.server("127.0.0.1")) == bool(peer.port)
