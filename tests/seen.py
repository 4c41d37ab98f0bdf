"""What tests of faults tell of a call, in the same words everywhere."""

import json
from collections.abc import Collection, Iterator
from contextlib import contextmanager

from db.models import CallRow
from scripts.asterisk_home import SOUNDS
from scripts.chaos.findings import Finding
from scripts.lab.footprint import MEMORY_SPARE_KB, footprint, wait_until_nothing_leaks
from scripts.lab.node import Node
from scripts.lab.promise import police_rang_s
from scripts.lab.town import Town
from scripts.lab.witness import Witness

# What the lab's menu takes: its prompt (prompts may be spoken anew) and the patience behind it.
PATIENCE_S = 2.0


def rang(seen: Witness) -> str:
    """From the dialling to the first ring, as the switch saw it."""
    assert seen.first_ring_s is not None
    side = "police" if seen.rang[0].seat.startswith("8") else "livelihood"
    return f"{side} rang {1000 * seen.first_ring_s:,.0f} ms after dialling"


def pol_s(
    town: Town, seen: Witness, *, struck_at: float | None = None, menu_s: float = 0.0
) -> float:
    """FAULTS.md's POL, held: see `police_rang_s`."""
    seats = [number for number in town.plan.seats if number.startswith("8")]
    events = town.switch.events()
    return police_rang_s(seen, events, seats, struck_at=struck_at, menu_s=menu_s)


def pol(town: Town, seen: Witness, *, struck_at: float | None = None, menu_s: float = 0.0) -> str:
    """The same, in words."""
    rang_s = pol_s(town, seen, struck_at=struck_at, menu_s=menu_s)
    since = "the fault" if struck_at and struck_at >= seen.dialled_at else "dialling"
    return f"police rang {1000 * rang_s:,.0f} ms after {since}"


def menu_s() -> float:
    """Seconds that the lab's menu takes of who presses nothing."""
    lengths = json.loads((SOUNDS / "lengths.json").read_text())
    return float(lengths["zh"]["menu"]) + PATIENCE_S


def in_words(row: CallRow) -> str:
    return f"1 row, {row.verdict}, {row.reason}, {row.outcome}, bridge {row.bridge}"


@contextmanager
def nothing_left(
    node: Node,
    told: Finding,
    standing: Collection[str] = (),
    *,
    memory_spare_kb: int = MEMORY_SPARE_KB,
) -> Iterator[None]:
    """What is done inside leaves nothing held; `standing`: channels of calls that go on."""
    before = footprint(node)
    yield
    held = wait_until_nothing_leaks(
        node, before, standing=standing, memory_spare_kb=memory_spare_kb
    )
    told.leaks.append(held)
