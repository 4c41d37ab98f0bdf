"""A seat asks a third party into the talk: nobody is moved, and nobody is left alone."""

from collections.abc import Iterator

import pytest

from scripts.lab.callers import Press, Stay
from scripts.lab.seats import Manner
from scripts.lab.waiting import wait_until
from tests.real_asterisk.system import System, running_system

QUICK = Manner(ring_s=0.2, talk_s=3)
STAYS = Manner(ring_s=0.2, talk_s=30)


@pytest.fixture(scope="module")
def system(tmp_path_factory: pytest.TempPathFactory) -> Iterator[System]:
    with running_system(
        tmp_path_factory.mktemp("three-way"),
        21,
        police=("8001",),
        livelihood=("7001",),
        seats={"120": STAYS},
        settings="[seat_keys]\nthird_ring_s = 3\n",
    ) as system:
        yield system


def staff(system: System, police: Manner, livelihood: Manner) -> None:
    system.town.staff("8001", police)
    system.town.staff("7001", livelihood)


def call_police(system: System, number: str, stay_s: float = 60) -> None:
    system.town.call(number, [Press("1"), Stay(stay_s)])
    wait_until(lambda: system.town.talks(number), "the call-taker", 15)


def three_talk(system: System) -> None:
    wait_until(lambda: system.node.largest_talk() == 3, "three in one talk", 15)


def test_who_was_asked_in_stays_with_the_caller_when_the_call_taker_leaves(system: System) -> None:
    staff(system, Manner(ring_s=0.2, talk_s=5, keys="*3"), Manner(ring_s=0.2, talk_s=12))
    call_police(system, "13800000001")
    three_talk(system)
    assert system.node.slots_in_use() == 1
    wait_until(lambda: system.town.seat_is_free("8001"), "the call-taker to leave", 10)
    wait_until(lambda: system.node.slots_in_use() == 0, "the police line", 15)
    assert not system.town.seat_is_free("7001")

    seen = system.town.ended("13800000001")
    assert seen.talked_to == ("8001", "7001")
    call = system.call_of("13800000001")
    assert (call.verdict, call.reason, call.outcome) == (
        "livelihood",
        "call-taker",
        "talked-to-livelihood",
    )
    assert call.seat == "seat-7001"
    assert call.slot_held_ms is not None
    assert call.trunk_held_ms is not None
    assert call.slot_held_ms < call.trunk_held_ms - 1500
    ticket = system.ticket_of(call)
    assert ticket is not None
    assert ticket.state == "new"
    system.assert_nothing_outlives_its_call()


def test_a_third_party_who_leaves_first_takes_nobody_with_him(system: System) -> None:
    staff(system, Manner(ring_s=0.2, talk_s=10, keys="*3"), QUICK)
    call_police(system, "13800000002")
    three_talk(system)
    wait_until(lambda: system.town.seat_is_free("7001"), "the operator to leave", 10)
    assert not system.town.seat_is_free("8001")
    assert system.node.slots_in_use() == 1

    system.town.ended("13800000002")
    call = system.call_of("13800000002")
    assert (call.outcome, call.seat, call.released_at) == ("talked-to-police", "seat-8001", None)
    assert system.ticket_of(call) is None
    system.assert_nothing_outlives_its_call()


def test_nobody_answers_and_the_talk_goes_on_as_it_was(system: System) -> None:
    staff(system, Manner(ring_s=0.2, talk_s=7, keys="*3"), Manner(answers=False))
    call_police(system, "13800000003")
    seen = system.town.ended("13800000003")
    assert seen.talked_to == ("8001",)
    assert (seen.ended_at or 0) - seen.talked[-1][1] > 7
    assert system.call_of("13800000003").outcome == "talked-to-police"
    system.assert_nothing_outlives_its_call()


def test_a_call_taker_who_leaves_while_it_rings_has_handed_the_caller_over(system: System) -> None:
    staff(system, Manner(ring_s=0.2, talk_s=0.7, keys="*3"), Manner(ring_s=2.5, talk_s=2))
    call_police(system, "13800000004")
    seen = system.town.ended("13800000004")
    assert seen.talked_to == ("8001", "7001")
    call = system.call_of("13800000004")
    assert (call.reason, call.outcome) == ("call-taker", "talked-to-livelihood")
    system.assert_nothing_outlives_its_call()


def test_an_operator_asks_the_police_in_and_leaves(system: System) -> None:
    staff(system, Manner(ring_s=0.2, talk_s=12), Manner(ring_s=0.2, talk_s=5, keys="*3"))
    system.town.call("13800000005", [Press("2"), Press("1"), Stay(60)])
    three_talk(system)
    assert system.node.slots_in_use() == 1, "a police seat in a talk is a police line"
    wait_until(lambda: system.town.seat_is_free("7001"), "the operator to leave", 10)
    assert not system.town.seat_is_free("8001")

    assert system.town.ended("13800000005").talked_to == ("7001", "8001")
    call = system.call_of("13800000005")
    assert (call.outcome, call.seat) == ("talked-to-police", "seat-8001")
    assert call.returned_at is not None
    ticket = system.ticket_of(call)
    assert ticket is not None
    assert ticket.state == "returned"
    assert system.node.slots_in_use() == 0
    system.assert_nothing_outlives_its_call()


def test_the_ambulance_comes_in_by_its_own_key(system: System) -> None:
    staff(system, Manner(ring_s=0.2, talk_s=6, keys="*41"), QUICK)
    call_police(system, "13800000006", stay_s=16)
    three_talk(system)
    wait_until(lambda: system.town.seat_is_free("8001"), "the call-taker to leave", 10)
    assert not system.town.seat_is_free("120"), "the ambulance still talks to him"

    seen = system.town.ended("13800000006")
    assert seen.talked_to == ("8001", "120")
    call = system.call_of("13800000006")
    assert (call.verdict, call.outcome) == ("police", "talked-to-police")
    assert system.ticket_of(call) is None
    system.assert_nothing_outlives_its_call()


def test_a_key_without_a_service_asks_nobody_in(system: System) -> None:
    staff(system, Manner(ring_s=0.2, talk_s=3, keys="*49"), QUICK)
    call_police(system, "13800000007")
    assert system.town.ended("13800000007").talked_to == ("8001",)
    steps = {step.kind for step in system.steps_of(system.call_of("13800000007"))}
    assert "asked-in" not in steps


def test_a_third_party_left_alone_with_the_caller_can_hand_him_back(system: System) -> None:
    asked = Manner(ring_s=0.2, talk_s=30, keys="*1", keys_after_s=9)
    staff(system, Manner(ring_s=0.2, talk_s=3, keys="*3"), asked)
    call_police(system, "13800000008", stay_s=24)
    three_talk(system)
    wait_until(lambda: system.town.seat_is_free("8001"), "the call-taker to leave", 10)
    system.town.staff("8001", QUICK)
    seen = system.town.ended("13800000008")
    assert seen.talked_to == ("8001", "7001", "8001")
    assert system.call_of("13800000008").outcome == "talked-to-police"
    system.assert_nothing_outlives_its_call()


def test_the_caller_hangs_up_and_all_are_free(system: System) -> None:
    staff(system, Manner(ring_s=0.2, talk_s=30, keys="*3"), STAYS)
    call_police(system, "13800000009", stay_s=10)
    three_talk(system)
    assert system.town.ended("13800000009").talked_to == ("8001", "7001")
    wait_until(lambda: system.town.seat_is_free("8001"), "the call-taker", 15)
    wait_until(lambda: system.town.seat_is_free("7001"), "the operator", 15)
    assert system.call_of("13800000009").ended_by == "caller"
    system.assert_nothing_outlives_its_call()
