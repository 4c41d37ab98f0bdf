"""Waiting for a seat: keys stay alive, the order is kept, nobody is hung up by us."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from db.engine import reading
from reports.abandoned import abandoned_calls
from scripts.asterisk_console import ask
from scripts.chaos.findings import Finding
from scripts.lab.callers import HangUp, Press, Stay, Wait
from scripts.lab.footprint import footprint, wait_until_nothing_leaks
from scripts.lab.seats import Manner
from scripts.lab.town import DUTY_TELEPHONE
from scripts.lab.waiting import wait_until
from tests.real_asterisk.system import System, running_system
from tests.seen import in_words, rang

NEVER = Manner(answers=False)
TWO_POLICE, TWO_LIVELIHOOD = ("8001", "8002"), ("7001", "7002")


@pytest.fixture
def nobody_answers(tmp_path: Path) -> Iterator[System]:
    """Every seat rings for ever; only the duty telephone would be taken up, after four seconds."""
    seats = dict.fromkeys((*TWO_POLICE, *TWO_LIVELIHOOD), NEVER)
    with running_system(
        tmp_path,
        2,
        police=TWO_POLICE,
        seats=seats,
        lines=10,
        trunk_channels=20,
        overflow_after_s=4,
    ) as system:
        yield system


@pytest.mark.fault("55", "65", how="every seat is busy; 2 while waiting")
def test_waiting_callers_keep_their_keys_and_overflow_to_the_duty_telephone(
    nobody_answers: System, told: Finding
) -> None:
    town, before = nobody_answers.town, footprint(nobody_answers.node)
    town.call("13800000001", [Wait(0.5), Press("1"), Wait(1), Press("2"), Wait(3), HangUp()])
    town.call(
        "13800000002", [Wait(0.5), Press("2"), Wait(1), Press("1"), Wait(1), Press("*"), Stay(30)]
    )
    town.call("13800000003", [Wait(0.5), Press("1"), Wait(1.5), HangUp()])
    town.call("13800000004", [Wait(0.5), Press("1"), Stay(30)])

    # 2 while waiting for the police: released like the first time.
    keyed = nobody_answers.call_of("13800000001", 40)
    assert (keyed.reason, keyed.verdict) == ("key-while-waiting", "livelihood")
    assert keyed.released_at is not None
    assert nobody_answers.ticket_of(keyed) is not None

    # * while waiting for an operator: back to the police, who are now the duty telephone.
    back = nobody_answers.call_of("13800000002", 40)
    assert back.returned_at is not None
    assert town.saw("13800000002").talked_to == (DUTY_TELEPHONE,)
    assert back.outcome == "talked-to-police"

    # Who waits for the police and is not answered overflows by the list.
    assert town.ended("13800000004", 40).talked_to == (DUTY_TELEPHONE,)

    # Who leaves is on the call-back list.
    assert "13800000003" in abandoned_numbers(nobody_answers)
    nobody_answers.assert_nothing_outlives_its_call()

    told.caller.append(
        f"key 2 in the police queue released him {keyed.release_ms} ms after the node heard it;"
        " who keyed nothing more:"
        f" {rang(town.saw('13800000004'))}, the duty telephone among them"
    )
    told.records.append(f"{in_words(keyed)}, 1 ticket; {in_words(back)}, returned by *")
    told.leaks.append(wait_until_nothing_leaks(nobody_answers.node, before))


@pytest.mark.control("65", without="the second key")
def test_control_who_keys_nothing_more_while_waiting_stays_with_the_police(
    nobody_answers: System, told: Finding
) -> None:
    nobody_answers.town.call("13800000001", [Wait(0.5), Press("1"), Stay(30)])
    assert nobody_answers.town.ended("13800000001", 40).talked_to == (DUTY_TELEPHONE,)
    row = nobody_answers.call_of("13800000001")
    assert (row.verdict, row.released_at) == ("police", None)
    assert nobody_answers.ticket_of(row) is None
    told.caller.append("talked to the police's duty telephone")
    told.records.append(in_words(row))


def abandoned_numbers(system: System) -> list[str | None]:
    with reading(system.node.engine) as session:
        return [row.caller for row in abandoned_calls(session)]


def test_a_police_caller_who_gives_up_is_on_the_call_back_list_within_two_seconds(
    nobody_answers: System,
) -> None:
    call = nobody_answers.town.call("13800000009", [Wait(0.5), Press("1"), Wait(1.5), HangUp()])
    assert call.wait(20)
    wait_until(lambda: "13800000009" in abandoned_numbers(nobody_answers), "the list", 2)


@pytest.fixture
def one_seat(tmp_path: Path) -> Iterator[System]:
    """One police seat that talks until its caller hangs up; nobody else answers."""
    seats = {"8001": Manner(ring_s=0.1, talk_s=90), DUTY_TELEPHONE: NEVER, "7001": NEVER}
    with running_system(
        tmp_path,
        3,
        police=("8001",),
        livelihood=("7001",),
        seats=seats,
        lines=10,
        trunk_channels=20,
    ) as system:
        yield system


@pytest.mark.parametrize(
    ("returned", "in_order"),
    [(20, True), pytest.param(40, False, marks=pytest.mark.control(without="the order"))],
)
def test_the_queue_serves_keyed_emergencies_then_the_returned_then_those_without_a_key(
    one_seat: System, returned: int, in_order: bool
) -> None:
    town = one_seat.town
    ask(one_seat.node.home, f"dialplan set global L110_PRIO_RETURNED {returned}")
    town.call("13800000001", [Press("1"), Stay(14)])
    wait_until(lambda: town.talks("13800000001"), "the seat to be busy", 10)
    town.call("13800000010", [Stay(25)])
    wait_until(lambda: waiting(one_seat) == 1, "the caller without a key to wait", 15)
    town.call("13800000020", [Press("2"), Wait(0.3), Press("*"), Stay(9)])
    wait_until(lambda: waiting(one_seat) == 2, "the returned caller to wait", 10)
    town.call("13800000030", [Press("1"), Stay(5 if in_order else 20)])
    wait_until(lambda: waiting(one_seat) == 3, "the keyed caller to wait", 10)

    def taken(number: str) -> float:
        return town.ended(number, 60).talked[0][1]

    assert (taken("13800000030") < taken("13800000020")) is in_order
    if in_order:
        assert taken("13800000020") < taken("13800000010")


def waiting(system: System) -> int:
    """How many callers the node itself says stand in the police queue."""
    return ask(system.node.home, "queue show police").count("PJSIP/l110-trunk")
