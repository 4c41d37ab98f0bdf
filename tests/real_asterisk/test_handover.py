"""The call-taker's one key: the source's own mechanism, by both ways of release."""

from collections.abc import Iterator

import pytest

from scripts.lab.callers import Press, Stay, Wait
from scripts.lab.seats import Manner
from scripts.lab.waiting import wait_until
from tests.real_asterisk.system import System, running_system

# Who answers at 8001 presses *2 after a second; who answers at 7002 presses *1.
SEATS = {
    "8001": Manner(ring_s=0.2, talk_s=30, keys="*2"),
    "7001": Manner(ring_s=0.2, talk_s=3),
}


@pytest.fixture(scope="module", params=["redirect", "refer"])
def system(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[System]:
    mode: str = request.param
    with running_system(
        tmp_path_factory.mktemp(mode),
        16 if mode == "refer" else 17,
        settings=f'[release]\nmode = "{mode}"\n',
        police=("8001",),
        livelihood=("7001",),
        seats=SEATS,
    ) as system:
        yield system


def test_with_one_key_the_caller_goes_to_livelihood_and_seat_and_line_are_free(
    system: System,
) -> None:
    mode = system.node.settings.release.mode
    system.town.call("13800000001", [Press("1"), Wait(3), Stay(60)])
    wait_until(lambda: system.town.talks("13800000001"), "the call-taker", 15)
    wait_until(lambda: "7001" in system.town.saw("13800000001").talked_to, "the operator", 45)
    assert system.town.seat_is_free("8001")
    if mode == "refer":
        assert system.town.police_lines_in_use() == 0

    seen = system.town.ended("13800000001", 60)
    assert seen.talked_to == ("8001", "7001")
    call = system.call_of("13800000001")
    assert (call.verdict, call.reason, call.release_mode) == ("livelihood", "call-taker", mode)
    assert call.outcome == "talked-to-livelihood"
    assert call.release_ms is not None
    assert call.release_ms < 1500
    ticket = system.ticket_of(call)
    assert ticket is not None
    assert ticket.state == "new"
    system.assert_nothing_outlives_its_call()


def test_a_police_seat_that_simply_hangs_up_ends_the_call(system: System) -> None:
    system.town.staff("8001", Manner(ring_s=0.2, talk_s=1.5))
    system.town.call("13800000002", [Press("1"), Stay(30)])
    assert system.town.ended("13800000002").talked_to == ("8001",)
    call = system.call_of("13800000002")
    assert (call.ended_by, call.outcome, call.released_at) == ("seat", "talked-to-police", None)


def test_an_operator_hands_a_caller_back_to_the_police_with_one_key(system: System) -> None:
    system.town.staff("8001", Manner(ring_s=0.2, talk_s=1.5))
    system.town.staff("7001", Manner(ring_s=0.2, talk_s=30, keys="*1"))
    system.town.call("13800000003", [Press("2"), Wait(1), Press("1"), Stay(60)])
    seen = system.town.ended("13800000003", 60)
    assert seen.talked_to == ("7001", "8001")
    call = system.call_of("13800000003")
    assert (call.outcome, call.ended_by) == ("talked-to-police", "seat")
    assert call.returned_at is not None
    ticket = system.ticket_of(call)
    assert ticket is not None
    assert ticket.state == "returned"
    system.assert_nothing_outlives_its_call()


def test_the_callers_own_star_two_does_nothing_in_a_talk(system: System) -> None:
    """Only the seat may press the seat's key."""
    system.town.staff("8001", Manner(ring_s=0.2, talk_s=6))
    system.town.call("13800000004", [Press("1"), Wait(2), Press("*2"), Stay(30)])
    assert system.town.ended("13800000004").talked_to == ("8001",)
    assert system.call_of("13800000004").released_at is None


def test_the_third_hand_over_becomes_a_three_way_call_that_the_seat_keeps(system: System) -> None:
    """Counted on both legs of a call: by REFER the count travels with the call's id."""
    system.town.staff("8001", Manner(ring_s=0.2, talk_s=8, keys="*2"))
    system.town.staff("7001", Manner(ring_s=0.2, talk_s=30, keys="*1", keys_after_s=3))
    system.town.call("13800000005", [Press("1"), Stay(90)])
    wait_until(lambda: system.node.largest_talk() == 3, "three in one talk", 60)
    assert not system.town.seat_is_free("8001")

    seen = system.town.ended("13800000005", 90)
    assert seen.talked_to == ("8001", "7001", "8001", "7001")
    last_talk_s = (seen.ended_at or 0) - seen.talked[-2][1]
    assert last_talk_s > 8  # until that seat hung up by itself, long after its key
    call = system.call_of("13800000005")
    assert (call.outcome, call.seat) == ("talked-to-police", "seat-8001")
    asked = [step.data for step in system.steps_of(call) if step.kind == "asked-in"]
    assert [(step["to"], step["forced"]) for step in asked] == [("livelihood", "yes")]
    system.assert_nothing_outlives_its_call()
