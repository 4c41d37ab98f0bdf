"""One caller's line to the bridge is spoilt by a relay, on a system of its own."""

import itertools
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from db.models import CallRow
from scripts.asterisk_console import ask
from scripts.lab.callers import Action, Press, Stay, Wait
from scripts.lab.seats import Manner
from scripts.lab.witness import Witness
from tests.faults.agi_relay import AgiRelay, Spoil
from tests.real_asterisk.system import POLICE, System, running_system

NUMBERS = (f"138000208{n:02d}" for n in itertools.count(1))
GUARD_S, FLOOD_MB = 2.0, 16
SLOWER_S = 1.0  # than while all was well: no caller waits for another
KEYED: Sequence[Action] = [Wait(0.5), Press("1"), Stay(30)]


def cut(environment: bytes) -> bytes:
    return environment[:-1]


def swollen(environment: bytes) -> bytes:
    return environment[:-1] + b"agi_x: " + b"y" * 16_400 + b"\n\n"


def flooding(environment: bytes) -> bytes:
    return environment[:-1] + b"agi_x: " + b"y" * FLOOD_MB * 1024 * 1024 + b"\n\n"


def told_twice(environment: bytes) -> bytes:
    return environment[:-1] + b"agi_uniqueid: forged\n\n"


def of_no_script(environment: bytes) -> bytes:
    return environment.replace(b"agi_network_script: intake", b"agi_network_script: no-such")


CUT, SWOLLEN, FLOODING = Spoil(cut, ends=True), Spoil(swollen), Spoil(flooding)
NO_SCRIPT, TOLD_TWICE = Spoil(of_no_script), Spoil(told_twice)
HANGUP = Spoil(reply=b"HANGUP\n")
REFUSED = Spoil(reply=b"511 Command Not Permitted on a dead channel\n")
GARBAGE, EMPTY = Spoil(reply=b"what?\n"), Spoil(reply=b"\n")
USAGE = Spoil(
    reply=b"520-Invalid command syntax.  Proper usage follows:\n"
    + b"Usage: GET OPTION\n" * 20
    + b"520 End of proper usage.\n"
)


@dataclass(frozen=True, slots=True)
class Scene:
    """calm_s: from dialling to a seat, for who keys 1 at once while all is well."""

    system: System
    relay: AgiRelay
    calm_s: float


@contextmanager
def spoilt_lines(root: Path, place: int) -> Iterator[Scene]:
    seats = dict.fromkeys(POLICE, Manner(ring_s=0.1, talk_s=0.2))
    with running_system(root, place, lines=10, trunk_channels=20, seats=seats) as system:
        home, agi = system.node.home, system.node.settings.agi
        relay = AgiRelay((agi.host, agi.port))
        ask(home, "dialplan set global L110_FALLBACK /nowhere/fallback")
        ask(home, f"dialplan set global L110_AGI_1 {relay.address}")
        try:
            yield Scene(system, relay, seconds_to_the_police(keyed(system)))
        finally:
            relay.close()


def keyed(system: System) -> Witness:
    """A caller who keys 1 at once, and is served so."""
    number = next(NUMBERS)
    system.town.call(number, KEYED)
    seen = system.town.ended(number)
    row = system.call_of(number)
    assert (row.verdict, row.reason, row.key, row.bridge) == ("police", "rule", "1", "seen")
    return seen


def seconds_to_the_police(seen: Witness) -> float:
    assert seen.sides == "8"
    assert seen.first_ring_s is not None
    return seen.first_ring_s


def peak_mb(system: System) -> float:
    """The most memory that the bridge ever held."""
    status = Path(f"/proc/{system.node.processes['ivr'].pid}/status").read_text()
    peak = next(line for line in status.splitlines() if line.startswith("VmHWM"))
    return int(peak.split()[1]) / 1024


def kept(system: System, row: CallRow, kind: str) -> list[dict[str, object]]:
    return [dict(step.data) for step in system.steps_of(row) if step.kind == kind]
