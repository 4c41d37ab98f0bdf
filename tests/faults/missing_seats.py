"""Seats where nobody answers, and what the node itself says of them."""

from collections.abc import Callable
from dataclasses import dataclass

from db.models import CallRow
from scripts.asterisk_console import ask
from scripts.lab.callers import Press, Stay
from scripts.lab.seats import Manner
from tests.real_asterisk.system import System

RING_S = 2
NEVER = Manner(answers=False)
ANSWERS = Manner(ring_s=0.2, talk_s=0.5)
TWO = ("8001", "8002")
QUALIFIED, UNQUALIFIED = "qualify_frequency=5", "qualify_frequency=0"


def line_of(system: System, queue: str, seat: str) -> str:
    """What `queue show` says of a member; empty where it has no such one."""
    lines = ask(system.node.home, f"queue show {queue}").splitlines()
    return next((line for line in lines if f"seat-{seat} " in line), "")


def is_paused(system: System, seat: str, queue: str = "police") -> bool:
    return "(paused" in line_of(system, queue, seat)


def police_call(system: System, number: str) -> CallRow:
    """One who keys the police and waits until a seat hangs up."""
    system.town.call(number, [Press("1"), Stay(30)])
    system.town.ended(number, 40)
    return system.call_of(number)


def paused_in(system: System, call: CallRow) -> list[str]:
    """Seats that were paused because they did not answer this call."""
    steps = [step for step in system.steps_of(call) if step.kind == "paused"]
    return [str(step.data["member"]) for step in steps]


@dataclass(frozen=True, slots=True)
class Ghost:
    """How seat 8001 is not there, and how it comes back. `registered`: at the node."""

    how: str
    goes: Callable[[System], None]
    returns: Callable[[System], None]
    registered: bool = False


def registered_and_gone(system: System) -> None:
    system.telephones.staff("8001").vanish()


def registers_again(system: System) -> None:
    system.telephones.staff("8001", Manner(ring_s=0.2, talk_s=1))


def empty_chair(system: System) -> None:
    system.town.staff("8001", NEVER)


def off_the_wall(system: System) -> None:
    system.town.leave("8001")


def registered_and_empty(system: System) -> None:
    system.telephones.staff("8001", NEVER)
