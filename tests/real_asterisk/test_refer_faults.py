"""Every way in which a switch can fail a REFER, played at once by switches that are told how.

After each of them the caller is exactly once on the livelihood side, or on the call-back list; his
police line is free; and the record says which it was.
"""

from collections.abc import Iterator, Mapping

import pytest

from db.models import CallRow
from scripts.asterisk_console import ask
from scripts.lab import sipp
from scripts.lab.seats import seat
from scripts.lab.sipp import Endpoint, Person, Sipp
from scripts.lab.switch_stub import Refer, referred_caller, returning_caller
from scripts.lab.waiting import wait_until
from tests.real_asterisk.system import Records, node_alone

TRYING = "SIP/2.0 100 Trying"
OK = "SIP/2.0 200 OK"
GUARD_S = 2

# name -> how the switch takes the REFER
SWITCHES: Mapping[str, Refer] = {
    "27-refused": Refer("603 Decline"),
    "28-notify-503": Refer(says=[TRYING, "SIP/2.0 503 Service Unavailable"]),
    "29-silence": Refer(),
    "30-unanswered": Refer(""),
    "31-garbage": Refer(says=["what ever this is"]),
    "32-answered-200": Refer("200 OK", says=[TRYING, OK]),
    "61-bye": Refer(bye_after_s=0.2),
    "61-bye-after-trying": Refer(says=[TRYING], bye_after_s=0.2),
    "62-never-returns": Refer(says=[TRYING, OK]),
    "58-late": Refer(says=[TRYING]),
}
NUMBERS = {name: f"1380000{n:04d}" for n, name in enumerate(SWITCHES, 1)}
STAYS_HERE = ("27-refused", "28-notify-503", "29-silence", "30-unanswered", "31-garbage")
TAKEN = ("32-answered-200", "62-never-returns", "61-bye", "61-bye-after-trying")


@pytest.fixture(scope="module")
def system(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Records]:
    """A node whose switch is SIPp; a seat answers whatever the node sends to that switch."""
    settings = f'[release]\nmode = "refer"\n[queues]\nrefer_guard_s = {GUARD_S}\n'
    root = tmp_path_factory.mktemp("stubs")
    with node_alone(root, 14, settings=settings, lines=40) as system:
        host = system.node.settings.sip.switch_host
        telephone = sipp.answer(root, "seat", seat(0.2, 2), at=Endpoint(host, 5060, 30000))
        try:
            play_all(system)
            yield system
        finally:
            telephone.stop()


def play_all(system: Records) -> None:
    calls = [
        play(system, place, NUMBERS[name], referred_caller(refer))
        for place, (name, refer) in enumerate(SWITCHES.items())
    ]
    late = NUMBERS["58-late"]
    call_id = wait_until(lambda: released(system, late), "the guard of 58", 15)
    calls.append(play(system, len(calls), late, returning_caller(45), f"livelihood;l110={call_id}"))
    for call in calls:
        call.wait(60)


def play(system: Records, place: int, number: str, scenario: str, dial: str = "110") -> Sipp:
    host, node = system.node.settings.sip.switch_host, system.node.settings.sip
    return sipp.call(
        system.node.settings.var.parent / "sipp",
        f"caller-{place}",
        scenario,
        at=Endpoint(host, 7100 + place, 31000 + 20 * place),
        to=f"{node.host}:{node.port}",
        dial=dial,
        people=[Person(number)],
    )


def released(system: Records, number: str) -> str | None:
    """The id of this caller's call, once his line's slot is free."""
    rows = [row.call_id for row in system.calls() if row.caller == number and row.released_at]
    return rows[0] if rows else None


def row_of(system: Records, name: str) -> CallRow:
    return system.call_of(NUMBERS[name], 10)


@pytest.mark.parametrize("name", STAYS_HERE)
def test_a_caller_whom_the_switch_does_not_take_goes_to_the_local_queue(
    system: Records, name: str
) -> None:
    call = row_of(system, name)
    assert (call.outcome, call.release_mode) == ("talked-to-livelihood", "redirect")
    ticket = system.ticket_of(call)
    assert ticket is not None
    assert ticket.state == "new"


@pytest.mark.parametrize("name", STAYS_HERE)
def test_a_failed_refer_costs_no_more_than_the_guard(system: Records, name: str) -> None:
    call = row_of(system, name)
    assert call.release_ms is not None
    assert call.release_ms < (GUARD_S + 2) * 1000


@pytest.mark.parametrize("name", TAKEN)
def test_a_caller_who_was_taken_and_never_came_gets_a_call_back_ticket(
    system: Records, name: str
) -> None:
    call = row_of(system, name)
    assert (call.outcome, call.release_mode) == ("released-not-returned", "refer")
    ticket = system.ticket_of(call)
    assert ticket is not None
    assert ticket.state == "call-back"


def test_a_caller_who_never_came_raises_an_alarm(system: Records) -> None:
    log = system.node.settings.var / "log" / "forward.log"
    call_id = row_of(system, "62-never-returns").call_id
    said = f'"call_id": "{call_id}"'
    wait_until(
        lambda: any(
            "call.never_returned" in line and said in line for line in log.read_text().splitlines()
        ),
        "the alarm",
        10,
    )


@pytest.mark.parametrize("name", ["61-bye", "61-bye-after-trying"])
def test_a_bye_in_the_middle_of_a_refer_frees_the_slot_at_once(system: Records, name: str) -> None:
    """Asterisk may keep that channel for minutes; the line's slot does not wait for it."""
    call = row_of(system, name)
    assert call.release_ms is not None
    assert call.release_ms < 0.2 * 1000 + 1000


def test_who_comes_back_after_the_guard_keeps_exactly_one_of_his_two_legs(system: Records) -> None:
    call = row_of(system, "58-late")
    legs = [leg for leg in system.legs() if leg.call_id == call.call_id]
    assert len(legs) == 2
    first, second = sorted(legs, key=lambda leg: str(leg.started_at))
    assert first.ended_at is not None
    assert second.started_at is not None
    assert second.ended_at is not None
    assert (first.ended_at - second.started_at).total_seconds() < 1
    assert (call.outcome, call.release_mode) == ("talked-to-livelihood", "refer")
    assert len(system.tickets_of(call)) == 1
    seats = [step for step in system.steps_of(call) if step.kind == "seat"]
    assert len(seats) == 1


def test_no_slot_is_held_when_all_is_over(system: Records) -> None:
    shown = ask(system.node.home, "group show channels")
    assert "l110 " not in shown, shown
