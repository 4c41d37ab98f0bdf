"""The third hand-over of one call, however the first two and this one were made."""

from collections.abc import Iterator

import pytest

from db.models import CallRow
from scripts.lab.seats import Manner
from scripts.lab.telephone import Telephone
from scripts.lab.waiting import NeverHappened, wait_until
from tests.real_asterisk.given import (
    answering,
    asked_in,
    everybody_at_work,
    gives,
    press_until,
    press_until_gone,
    talking,
    three_talk,
    two_seats_a_side,
    with_police,
)
from tests.real_asterisk.system import System

RINGS_S = 5
DIALPLAN = ("handover.conf", "dialplan reload")
ASKS_NOT = Manner(answers=False)


@pytest.fixture(scope="module")
def system(tmp_path_factory: pytest.TempPathFactory) -> Iterator[System]:
    keys = f"[seat_keys]\nthird_ring_s = {RINGS_S}\n"
    with two_seats_a_side(tmp_path_factory.mktemp("limit"), 51, keys) as system:
        yield system


@pytest.fixture(autouse=True)
def seats(system: System) -> Iterator[None]:
    yield from everybody_at_work(system)


def given_twice(system: System, number: str) -> Telephone:
    """A police seat that has the caller after two hand-overs, each after a word."""
    return gives(system, gives(system, with_police(system, number), "livelihood"), "police")


def third_left_alone(system: System, number: str) -> Telephone:
    """An operator who was asked in and stayed with the caller, after two hand-overs."""
    police = given_twice(system, number)
    press_until(police, "*3", lambda: asked_in(system), "somebody to be asked in")
    three_talk(system)
    police.hang_up()
    wait_until(lambda: system.node.largest_talk() == 2, "the call-taker to be gone", 15)
    return talking(system, "7")


def ended(system: System, number: str) -> CallRow:
    system.telephones.leave()
    system.town.ended(number, 50)
    return system.call_of(number, 10)


def forced(system: System, number: str) -> list[str]:
    """Who had to come to the caller because he may not be handed over any more."""
    steps = system.steps_of(ended(system, number))
    return [str(s.data["to"]) for s in steps if s.kind == "asked-in" and s.data["forced"] == "yes"]


def test_hand_overs_after_a_word_count_and_the_third_one_brings_the_other_side_to_him(
    system: System,
) -> None:
    police = given_twice(system, "13800000001")
    press_until(police, "*2", lambda: asked_in(system), "somebody to be asked in")
    three_talk(system)
    assert not police.free
    assert forced(system, "13800000001") == ["livelihood"]


@pytest.mark.control(without="the count of hand-overs after a word")
def test_control_uncounted_the_third_hand_over_is_made(system: System) -> None:
    count = "Set(MASTER_CHANNEL(L110_HANDOVERS)=$["
    with system.config_changed("seats.conf", count, "NoOp($[", DIALPLAN[1]):
        police = given_twice(system, "13800000002")
        press_until_gone(police, "*2")
    assert forced(system, "13800000002") == []


def test_a_third_party_left_alone_may_not_hand_him_over_a_third_time(system: System) -> None:
    operator = third_left_alone(system, "13800000003")
    came = "the police to come to him"
    press_until(operator, "*1", lambda: system.node.largest_talk() == 3, came)
    assert not operator.free
    assert forced(system, "13800000003") == ["police"]


@pytest.mark.control(without="the limit")
def test_control_without_the_limit_a_third_party_hands_him_over_for_ever(system: System) -> None:
    limit = "GotoIf($[0${IMPORT(${L110_CHANNEL},L110_HANDOVERS)} >= 2]?forced)"
    with system.config_changed(DIALPLAN[0], limit, "NoOp()", DIALPLAN[1]):
        operator = third_left_alone(system, "13800000004")
        press_until_gone(operator, "*1")
    assert forced(system, "13800000004") == []


def rung_after_two(system: System, number: str) -> Telephone:
    """A police seat whom the queue rang for a caller after two hand-overs."""
    operator = gives(system, with_police(system, number), "livelihood")
    press_until_gone(operator, "*1")
    return talking(system, "8")


def refused(seat: Telephone, extension: str) -> None:
    if seat.transfer(extension) == 202:
        seat.wait_for("notified", "SIP/2.0 4")
    before = seat.talk.sound.heard
    wait_until(lambda: seat.talk.sound.heard > before + 20, "the caller's voice", 15)


def test_a_third_hand_over_by_blind_transfer_is_refused_and_he_stays(system: System) -> None:
    police = rung_after_two(system, "13800000005")
    refused(police, "livelihood")
    assert ended(system, "13800000005").outcome == "talked-to-police"


def test_a_third_party_left_alone_transfers_him_nowhere_and_he_stays(system: System) -> None:
    operator = third_left_alone(system, "13800000011")
    refused(operator, "police")
    assert ended(system, "13800000011").outcome == "talked-to-livelihood"


@pytest.mark.control(without="the refusal of the third one")
def test_control_not_refused_a_blind_transfer_takes_him_from_his_seat(system: System) -> None:
    with system.config_changed("seats.conf", "?l110-nothing:", "?l110-transfer:", DIALPLAN[1]):
        police = rung_after_two(system, "13800000006")
        talk = police.talk
        assert police.transfer("livelihood") == 202
        police.wait_for("ended", call_id=talk.call_id)
    ended(system, "13800000006")


def asks_twice(system: System, number: str) -> None:
    """The other side does not answer; when it rings no more the seat presses again."""
    police = given_twice(system, number)
    operators = [system.telephones.at(at) for at in ("7001", "7002")]
    for operator in operators:
        operator.manner = ASKS_NOT
    first = "an operator to ring"
    press_until(police, "*2", lambda: not all(seat.free for seat in operators), first)
    wait_until(lambda: not asked_in(system), "the ringing to end", RINGS_S + 5)
    again = "an operator to ring again"
    press_until(police, "*2", lambda: not all(seat.free for seat in operators), again)


def test_who_keeps_the_caller_asks_again_if_nobody_came(system: System) -> None:
    asks_twice(system, "13800000007")
    assert forced(system, "13800000007") == ["livelihood", "livelihood"]


@pytest.mark.control(without="the look whether anybody is asked")
def test_control_a_second_press_that_only_repeats_its_word_asks_nobody(system: System) -> None:
    look = 'GotoIf($["${SHARED(l110asked,${L110_CHANNEL})}" != ""]?refused)'
    with (
        system.config_changed(DIALPLAN[0], look, "Goto(refused)", DIALPLAN[1]),
        pytest.raises(NeverHappened, match="ring again"),
    ):
        asks_twice(system, "13800000008")
    assert forced(system, "13800000008") == ["livelihood"]


def hands_over_while_it_rings(system: System, number: str) -> Telephone:
    for at in ("7001", "7002"):
        system.telephones.at(at).manner = ASKS_NOT
    police = with_police(system, number, stay_s=14)
    operators = [system.telephones.at(at) for at in ("7001", "7002")]
    press_until(police, "*3", lambda: not all(seat.free for seat in operators), "an operator")
    rings = next(seat for seat in operators if not seat.free)
    press_until_gone(police, "*2")
    return rings


def test_who_was_asked_in_rings_no_more_once_the_caller_was_handed_over(system: System) -> None:
    rings = hands_over_while_it_rings(system, "13800000009")
    wait_until(lambda: rings.free, "the ringing to end", 1.5)
    ended(system, "13800000009")


@pytest.mark.control(without="the end of the ringing")
def test_control_left_alone_the_seat_rings_on_for_nobody(system: System) -> None:
    ends = "livelihood,1,Gosub(unask,1)"
    with system.config_changed(DIALPLAN[0], ends, "livelihood,1,NoOp()", DIALPLAN[1]):
        rings = hands_over_while_it_rings(system, "13800000010")
        with pytest.raises(AssertionError):
            wait_until(lambda: rings.free, "the ringing to end", 1.5)
    ended(system, "13800000010")


def leaves_as_he_answers(system: System, number: str) -> Telephone:
    """The call-taker hangs up while the operator still hears what he is asked into."""
    police = with_police(system, number, stay_s=28)
    press_until(police, "*3", lambda: asked_in(system), "somebody to be asked in")
    operator = answering(system, "7")
    police.hang_up()
    return operator


def test_a_call_taker_who_leaves_before_the_third_is_put_through_does_not_end_the_call(
    system: System,
) -> None:
    first = leaves_as_he_answers(system, "13800000012")
    wait_until(lambda: first.free, "the way in to end", 15)
    talking(system, "7")  # from the queue, after the second menu
    assert ended(system, "13800000012").outcome == "talked-to-livelihood"


@pytest.mark.control(without="being asked until he is put through")
def test_control_no_more_asked_once_he_answers_the_caller_is_hung_up(system: System) -> None:
    joined, told = " same => n,Set(L110_WHO=", " same => n,Gosub(l110-asked-over,s,1)\n"
    with system.config_changed(DIALPLAN[0], joined, told + joined, DIALPLAN[1]):
        leaves_as_he_answers(system, "13800000013")
        system.town.ended("13800000013", 5)
