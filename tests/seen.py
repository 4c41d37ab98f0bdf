"""What tests of faults tell of a call, in the same words everywhere."""

from collections.abc import Collection, Iterator
from contextlib import contextmanager

from db.models import CallRow
from scripts.chaos.findings import Finding
from scripts.lab.footprint import MEMORY_SPARE_KB, footprint, wait_until_nothing_leaks
from scripts.lab.node import Node
from scripts.lab.witness import Witness


def rang(seen: Witness) -> str:
    """From the dialling to the first ring, as the switch saw it."""
    assert seen.first_ring_s is not None
    side = "police" if seen.rang[0].seat.startswith("8") else "livelihood"
    return f"{side} rang {1000 * seen.first_ring_s:,.0f} ms after dialling"


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
