"""Livelihood callers who find no operator, and what must have become of them."""

from collections.abc import Mapping
from typing import Any

from db.models import CallRow
from scripts.asterisk_console import ask
from scripts.chaos.findings import Finding
from scripts.lab.callers import Press, Stay, Wait
from scripts.lab.waiting import wait_until
from tests.real_asterisk.system import System

WAITS, BACK = "13800021001", "13800021002"
ROOM: Mapping[str, Any] = {"lines": 10, "trunk_channels": 20}


def to_livelihood(system: System, number: str, *then: Press | Wait | Stay) -> None:
    system.town.call(number, [Press("2"), Wait(0.5), Press("1"), *then, Stay(60)])


def when(system: System, call: CallRow, kind: str) -> float:
    """Epoch seconds of the first step of that kind."""
    return min(step.at for step in system.steps_of(call) if step.kind == kind).timestamp()


def why(system: System, call: CallRow) -> str:
    (step,) = (step for step in system.steps_of(call) if step.kind == "overflow")
    return str(step.data["why"])


def overflowed(system: System) -> bool:
    return "L110_OVERFLOW" in system.node.settings.cel_path.read_text()


def waiting(system: System, queue: str) -> int:
    return ask(system.node.home, f"queue show {queue}").count("PJSIP/l110-trunk")


def wait_for(system: System, queue: str, callers: int) -> None:
    wait_until(lambda: waiting(system, queue) == callers, f"{callers} in {queue}", 20)


def assert_told_and_called_back(system: System, number: str, told: Finding, reason: str) -> None:
    """He heard the announcement to its end and was hung up; his ticket is one to call back."""
    seen = system.town.ended(number, 60)
    assert seen.talked == ()
    call = system.call_of(number)
    assert (call.outcome, call.ended_by) == ("told-no-operator", "system")
    assert why(system, call) == reason
    (ticket,) = system.tickets_of(call)
    assert (ticket.state, ticket.service_class) == ("call-back", "complaint")
    heard_s = (call.ended_at.timestamp() if call.ended_at else 0) - when(system, call, "overflow")
    assert heard_s > 5  # the announcement, and 3 s for a key after it
    told.caller.append(f"told so ({reason}) for {heard_s:.1f} s, then hung up")
    told.records.append(f"1 row, {call.outcome}, 1 ticket {ticket.state}")


def assert_key_leads_to_the_police(system: System, number: str, told: Finding) -> None:
    seen = system.town.ended(number, 60)
    assert [seat[0] for seat in seen.talked_to] == ["8"]
    call = system.call_of(number)
    (ticket,) = system.tickets_of(call)
    assert (call.outcome, ticket.state) == ("talked-to-police", "returned")
    told.caller.append("a second caller pressed * and talked to the police")
