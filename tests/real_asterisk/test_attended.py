"""A seat speaks to another one first and then puts it together with its caller, on either side."""

from collections.abc import Callable, Iterator

import pytest

from db.models import CallRow
from scripts.lab.seats import Manner
from scripts.lab.telephone import Telephone
from scripts.lab.waiting import NeverHappened, wait_until
from tests.real_asterisk.given import (
    TALKS_ON,
    asked_in,
    everybody_at_work,
    gives,
    name,
    press_until,
    press_until_gone,
    slots_held,
    talking,
    three_talk,
    two_seats_a_side,
    with_livelihood,
    with_police,
)
from tests.real_asterisk.system import System

RINGS_S = 4


@pytest.fixture(scope="module")
def system(tmp_path_factory: pytest.TempPathFactory) -> Iterator[System]:
    keys = f"[seat_keys]\nthird_ring_s = {RINGS_S}\n"
    with two_seats_a_side(tmp_path_factory.mktemp("attended"), 48, keys) as system:
        yield system


@pytest.fixture(autouse=True)
def seats(system: System) -> Iterator[None]:
    yield from everybody_at_work(system)


def test_from_police_to_police_the_line_stays_taken_and_nothing_is_released(
    system: System,
) -> None:
    first = with_police(system, "13800000001")
    second = gives(system, first, "police")
    wait_until(lambda: slots_held(system) == 1, "a line to be taken", 15)
    second.hang_up()
    system.town.ended("13800000001")
    call = system.call_of("13800000001", 10)
    assert (call.verdict, call.outcome) == ("police", "talked-to-police")
    assert (call.seat, call.released_at, call.returned_at) == (name(second), None, None)
    assert system.ticket_of(call) is None
    assert slots_held(system) == 0


def test_from_livelihood_to_police_he_is_returned_and_takes_a_line(system: System) -> None:
    operator = with_livelihood(system, "13800000002")
    assert slots_held(system) == 0
    police = gives(system, operator, "police")
    wait_until(lambda: slots_held(system) == 1, "a line to be taken", 15)
    police.hang_up()
    system.town.ended("13800000002")
    call = system.call_of("13800000002", 10)
    assert (call.outcome, call.seat) == ("talked-to-police", name(police))
    assert call.returned_at is not None
    ticket = system.ticket_of(call)
    assert ticket is not None
    assert ticket.state == "returned"
    assert slots_held(system) == 0


def test_from_livelihood_to_livelihood_it_is_on_record_who_has_him(system: System) -> None:
    first = with_livelihood(system, "13800000003")
    second = gives(system, first, "livelihood")
    second.hang_up()
    system.town.ended("13800000003")
    call = system.call_of("13800000003", 10)
    assert (call.outcome, call.seat) == ("talked-to-livelihood", name(second))
    assert call.returned_at is None


def test_a_police_seat_that_was_given_a_caller_hands_him_over_by_its_key(system: System) -> None:
    police = gives(system, with_livelihood(system, "13800000004"), "police")
    police.press("*2")
    police.wait_for("ended")
    wait_until(lambda: slots_held(system) == 0, "the line to be free", 15)
    operator = talking(system, "7")
    operator.hang_up()
    system.town.ended("13800000004")
    call = system.call_of("13800000004", 10)
    assert (call.outcome, call.seat) == ("talked-to-livelihood", name(operator))


def test_a_seat_that_was_given_a_caller_gives_him_on(system: System) -> None:
    """Police, operator, police, each after a word: line and record follow him."""
    operator = gives(system, with_police(system, "13800000005"), "livelihood")
    wait_until(lambda: slots_held(system) == 0, "the line to be free", 15)
    police = gives(system, operator, "police")
    wait_until(lambda: slots_held(system) == 1, "a line to be taken", 15)
    police.hang_up()
    system.town.ended("13800000005")
    call = system.call_of("13800000005", 10)
    assert (call.verdict, call.outcome) == ("livelihood", "talked-to-police")
    assert call.seat == name(police)
    assert call.returned_at is not None


def three_way_by_who_was_given(system: System, number: str) -> Telephone:
    operator = gives(system, with_police(system, number), "livelihood")
    for seat in ("8001", "8002"):
        assert system.telephones.at(seat).free
    press_until(operator, "*3", lambda: asked_in(system), "somebody to be asked in")
    return operator


def test_an_operator_who_was_given_a_caller_asks_the_police_in_and_leaves(system: System) -> None:
    operator = three_way_by_who_was_given(system, "13800000006")
    three_talk(system)
    wait_until(lambda: slots_held(system) == 1, "a line to be taken", 15)
    operator.hang_up()
    police = talking(system, "8")
    call_id = police.told("X-L110-Call")
    police.hang_up()
    system.town.ended("13800000006")
    call = system.call_of("13800000006", 10)
    assert (call.call_id, call.outcome) == (call_id, "talked-to-police")
    assert call.seat == name(police)


def given_while_it_rings(system: System, number: str, *, answered: bool) -> None:
    """The seat does not wait for an answer: its caller stands in its place in the queue."""
    for at in ("7001", "7002"):
        system.telephones.at(at).manner = Manner(ring_s=1.5, talk_s=60, answers=answered)
    seat = with_police(system, number)
    held = seat.talk
    assert seat.hold(held) == 200
    asked = seat.call("livelihood")
    seat.wait_for("progress", "180", call_id=asked.call_id)
    rings = [system.telephones.at(at) for at in ("7001", "7002")]
    wait_until(lambda: not all(one.free for one in rings), "an operator to ring", 15)
    assert seat.transfer_to(asked, "livelihood", held) == 202
    seat.wait_for("ended", call_id=held.call_id)
    for at in ("7001", "7002"):
        system.telephones.at(at).manner = TALKS_ON


def released_once(system: System, call: CallRow) -> bool:
    return [step.kind for step in system.steps_of(call)].count("released") == 1


def test_who_was_given_while_it_rang_talks_to_who_answers_and_the_line_is_free(
    system: System,
) -> None:
    given_while_it_rings(system, "13800000011", answered=True)
    wait_until(lambda: slots_held(system) == 0, "the line to be free", 15)
    operator = talking(system, "7")
    press_until_gone(operator, "*1")
    police = talking(system, "8")
    police.hang_up()
    system.town.ended("13800000011")
    call = system.call_of("13800000011", 10)
    assert (call.outcome, call.seat) == ("talked-to-police", name(police))
    assert released_once(system, call)
    seats = [step.data["member"] for step in system.steps_of(call) if step.kind == "seat"]
    assert seats[1:] == [name(operator), name(police)]


def test_who_was_given_while_it_rang_and_nobody_answered_comes_to_the_other_side(
    system: System,
) -> None:
    given_while_it_rings(system, "13800000012", answered=False)
    wait_until(lambda: slots_held(system) == 0, "the line to be free", 15)
    operator = talking(system, "7")
    operator.hang_up()
    system.town.ended("13800000012")
    call = system.call_of("13800000012", 10)
    assert (call.reason, call.outcome) == ("call-taker", "talked-to-livelihood")
    assert call.seat == name(operator)
    assert released_once(system, call)


@pytest.mark.control(without="the caller's way on in the place of the seat that dialled")
def test_control_in_the_place_of_a_seat_the_caller_is_hung_up(system: System) -> None:
    on = 'ExecIf($["${L110_CALL}" = ""]?Hangup())'
    with system.config_changed("handover.conf", on, "Hangup()", "dialplan reload"):
        given_while_it_rings(system, "13800000014", answered=False)
        system.town.ended("13800000014", RINGS_S + 10)
    assert system.call_of("13800000014", 10).seat != "seat-7001"


@pytest.mark.control(without="the look where the caller stands")
def test_control_unseen_he_keeps_the_line_and_who_answers_has_no_keys(system: System) -> None:
    look = 'GotoIf($["${L110_PEER}" = "" & "${IMPORT('
    with system.config_changed(
        "seats.conf", look, look.replace('= ""', '= "?"'), "dialplan reload"
    ):
        given_while_it_rings(system, "13800000015", answered=True)
        operator = talking(system, "7")
        assert slots_held(system) == 1
        with pytest.raises(NeverHappened):
            press_until_gone(operator, "*1")
        operator.hang_up()
        system.town.ended("13800000015")


@pytest.mark.control(without="the wait until Asterisk tells who is with whom")
def test_control_without_waiting_the_line_stays_taken_and_the_record_lacks_the_release(
    system: System,
) -> None:
    waits = "GotoIf($[${L110_TURN} >= 40 "
    at_once = waits.replace("40", "0")
    with system.config_changed("seats.conf", waits, at_once, "dialplan reload"):
        operator = gives(system, with_police(system, "13800000013"), "livelihood")
    assert slots_held(system) == 1
    operator.hang_up()
    system.town.ended("13800000013")
    assert system.call_of("13800000013", 10).released_at is None


KNOWS_HIM = "MSet(L110_CHANNEL=${L110_GIVEN},"


@pytest.mark.control(without="the caller's name for who was given him")
def test_control_who_does_not_know_whom_he_was_given_asks_nobody_in(system: System) -> None:
    with (
        system.config_changed("handover.conf", KNOWS_HIM, "MSet(L110_NOBODY=,", "dialplan reload"),
        pytest.raises(NeverHappened, match="asked in"),
    ):
        three_way_by_who_was_given(system, "13800000007")
    talking(system, "7").hang_up()
    system.town.ended("13800000007")


LINE_FOLLOWS = '=${IF($["${L110_NEXT}" = "police"]?line)})'


@pytest.mark.control(without="the line that follows the caller")
@pytest.mark.parametrize(
    ("number", "begins"), [("13800000008", with_police), ("13800000009", with_livelihood)]
)
def test_control_without_its_line_a_police_talk_goes_on_uncounted(
    system: System, number: str, begins: Callable[[System, str], Telephone]
) -> None:
    with system.config_changed("seats.conf", LINE_FOLLOWS, "=)", "dialplan reload"):
        police = gives(system, begins(system, number), "police")
        wait_until(lambda: slots_held(system) == 0, "no line to be taken", 15)
    police.hang_up()
    system.town.ended(number)


SAME_SIDE = 'GotoIf($["${L110_NEXT:0:6}" = "${L110_QUEUE:0:6}"]?told)'


@pytest.mark.control(without="the look at the two sides")
def test_control_without_a_look_at_the_sides_every_word_between_seats_is_a_hand_over(
    system: System,
) -> None:
    with system.config_changed("seats.conf", SAME_SIDE, "NoOp()", "dialplan reload"):
        police = gives(system, with_police(system, "13800000010"), "police")
    police.hang_up()
    system.town.ended("13800000010")
    assert system.call_of("13800000010", 10).returned_at is not None
