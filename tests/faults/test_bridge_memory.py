"""A bridge that may take no more memory and is killed for it: what its calls live through."""

import resource
import signal
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from scripts.asterisk_console import ask
from scripts.chaos.findings import Finding
from scripts.lab.callers import Press, Stay, Wait
from scripts.lab.footprint import footprint, wait_until_nothing_leaks
from scripts.lab.seats import Manner
from scripts.lab.waiting import wait_until
from tests.real_asterisk.system import POLICE, System, running_system
from tests.seen import menu_s, pol

SEATS = dict.fromkeys(POLICE, Manner(ring_s=0.1, talk_s=0.2))
IN_MENU, STARVED, AFTER = (f"1380001050{n}" for n in range(1, 4))


@pytest.fixture
def system(tmp_path: Path) -> Iterator[System]:
    with running_system(tmp_path, 111, lines=10, trunk_channels=20, seats=SEATS) as system:
        ask(system.node.home, "dialplan set global L110_FALLBACK /nowhere/fallback")
        yield system


def begun(system: System, number: str) -> bool:
    rows = [row for row in system.calls() if row.caller == number]
    return any(step.kind == "intake" for row in rows for step in system.steps_of(row))


@pytest.mark.fault("9", how="RLIMIT_AS of the running bridge set to a megabyte; then it is killed")
def test_calls_of_a_bridge_that_died_without_memory_ring_the_police(
    system: System, told: Finding
) -> None:
    """The kernel's own answer to a full memory is the kill that follows."""
    before, bridge = footprint(system.node), system.node.processes["ivr"]
    system.town.call(IN_MENU, [Stay(30)])
    wait_until(lambda: begun(system, IN_MENU), "the menu", 15)
    resource.prlimit(bridge.pid, resource.RLIMIT_AS, (1 << 20, 1 << 20))
    system.town.call(STARVED, [Stay(30)])
    wait_until(lambda: system.town.answered(STARVED), "an answer", 15)
    struck_at = time.time()
    bridge.signal(signal.SIGKILL)
    for number in (IN_MENU, STARVED):
        seen = system.town.ended(number)
        told.caller.append(pol(system.town, seen, struck_at=struck_at, menu_s=menu_s()))
        row = system.call_of(number)
        assert (row.verdict, row.reason) == ("police", "bridge-lost")
        told.records.append(f"1 row, police, {row.reason}")
    system.node.restart("ivr")
    system.town.call(AFTER, [Wait(0.5), Press("1"), Stay(30)])
    system.town.ended(AFTER)
    assert system.call_of(AFTER).bridge == "seen"
    told.leaks.append(wait_until_nothing_leaks(system.node, before))
