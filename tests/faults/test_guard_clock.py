"""The guard runs on a clock that can be set: what a caller lives through after a step back."""

import os
import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from scripts.asterisk_console import ask
from scripts.chaos.findings import Finding
from scripts.lab.callers import Stay
from scripts.lab.seats import Manner
from scripts.lab.waiting import wait_until
from tests.faults.supervised import SupervisedNode
from tests.faults.test_health_alone import FAKETIME, needs_faketime
from tests.real_asterisk.system import POLICE, System, running_system

pytestmark = [pytest.mark.real_asterisk, needs_faketime]
SEATS = dict.fromkeys(POLICE, Manner(ring_s=0.1, talk_s=0.2))
FREED_WITHIN_S = 10.0
HELD_FOR_S = 20.0  # longer than any guard that a caller in the menu may have


@contextmanager
def on_a_clock_of_its_own(
    root: Path, place: int, settings: str = ""
) -> Iterator[tuple[System, Path]]:
    """Asterisk sees the clock that the file sets; its steady clock stays true, as on a machine
    whose clock is set."""
    clock = root / "clock"
    clock.write_text("+0")
    in_front = (
        "env",
        f"LD_PRELOAD={FAKETIME}",
        f"FAKETIME_TIMESTAMP_FILE={clock}",
        "FAKETIME_NO_CACHE=1",
        "FAKETIME_DONT_FAKE_MONOTONIC=1",
    )

    def node_of(config: Path) -> SupervisedNode:
        return SupervisedNode(config, in_front)

    given = f"[selftest]\nevery_s = 0\n{settings}"
    with running_system(root, place, seats=SEATS, settings=given, node_of=node_of) as system:
        ask(system.node.home, "dialplan set global L110_FALLBACK /nowhere/fallback")
        yield system, clock


def held_by_a_frozen_bridge(system: System, clock: Path, number: str) -> int:
    """A caller in the menu, an hour back, and the bridge frozen. Returns its pid."""
    assert isinstance(system.node, SupervisedNode)
    system.town.call(number, [Stay(60)])
    wait_until(lambda: begun(system, number), "the menu", 10)
    clock.write_text("-3600")
    return system.node.signal("ivr", signal.SIGSTOP)


def begun(system: System, number: str) -> bool:
    rows = [row for row in system.calls() if row.caller == number]
    return any(step.kind == "intake" for row in rows for step in system.steps_of(row))


def rang(system: System, number: str) -> bool:
    seen = system.town.seen(number)
    return seen is not None and bool(seen.rang)


@pytest.mark.fault("44", how="Asterisk's clock an hour back, then SIGSTOP to the bridge")
def test_a_caller_whose_guard_was_set_back_is_freed_by_the_end_of_the_frozen_bridge(
    tmp_path: Path, told: Finding
) -> None:
    with on_a_clock_of_its_own(tmp_path, 206) as (system, clock):
        held_by_a_frozen_bridge(system, clock, "13800020601")
        began = time.monotonic()
        wait_until(lambda: rang(system, "13800020601"), "the police to ring", 30)
        took_s = time.monotonic() - began
        told.caller.append(f"the police rang {took_s:.1f} s after clock and bridge were struck")
        assert system.town.ended("13800020601").sides == "8"
    assert took_s < FREED_WITHIN_S


@pytest.mark.control("44", without="the end of a frozen bridge: supervisor.bridge_silent_s = 0")
def test_control_the_guard_alone_does_not_free_him(tmp_path: Path, told: Finding) -> None:
    settings = "[supervisor]\nbridge_silent_s = 0\n"
    with on_a_clock_of_its_own(tmp_path, 207, settings) as (system, clock):
        assert isinstance(system.node, SupervisedNode)
        asterisk = system.node.pid("asterisk")
        pid = held_by_a_frozen_bridge(system, clock, "13800020701")
        time.sleep(HELD_FOR_S)
        assert not rang(system, "13800020701")
        assert system.node.pid("asterisk") == asterisk, "a step of the clock is no freeze"
        os.kill(pid, signal.SIGKILL)
        wait_until(lambda: rang(system, "13800020701"), "the police to ring", 10)
        system.town.ended("13800020701")
    told.caller.append(f"nobody rang in {HELD_FOR_S:.0f} s; the police as soon as it was killed")
