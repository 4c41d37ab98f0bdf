"""Asterisk itself is killed, frozen or made to load anew, with calls at every place in it."""

import signal
import time
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import pytest

from scripts.asterisk_console import ask
from scripts.chaos.findings import Finding
from scripts.lab.callers import Press, Stay
from scripts.lab.footprint import footprint, wait_until_nothing_leaks
from scripts.lab.seats import Manner
from scripts.lab.waiting import wait_until
from scripts.lab.witness import Witness
from tests.real_asterisk.system import System, running_system

DIRECT_WITHIN_S = 3.0
OWN_WAY = "the switch's own way to the police"
TALKS, WAITS, CHOOSES, IN_MENU = (f"1380001010{n}" for n in range(1, 5))
PLACES = {TALKS: "talk", WAITS: "queue", CHOOSES: "second menu", IN_MENU: "menu"}


@pytest.fixture
def system(tmp_path: Path) -> Iterator[System]:
    """One police seat, which talks for long; the switch rings it directly, too."""
    seats = {"8001": Manner(ring_s=0.2, talk_s=60), "7001": Manner(answers=False)}
    with running_system(
        tmp_path, 101, police=("8001",), livelihood=("7001",), lines=10, trunk_channels=20,
        seats=seats, overflow_after_s=600, settings="[queues]\nservice_patience_s = 60\n",
    ) as system:  # fmt: skip
        yield system


def put_calls_everywhere(system: System) -> None:
    """One talks, one waits for the police, one is in the second menu, one in the first."""
    town, home = system.town, system.node.home
    town.call(TALKS, [Press("1"), Stay(60)])
    wait_until(lambda: town.talks(TALKS), "the talk", 15)
    town.call(WAITS, [Press("1"), Stay(60)])
    town.call(CHOOSES, [Press("2"), Stay(60)])
    wait_until(lambda: "has 1 calls" in ask(home, "queue show police"), "the queue", 15)
    wait_until(lambda: begun(system, CHOOSES, "released"), "the second menu", 15)
    town.call(IN_MENU, [Stay(60)])
    wait_until(lambda: begun(system, IN_MENU, "intake"), "the menu", 15)


def begun(system: System, number: str, kind: str) -> bool:
    """Whether a step of that kind is stored of this caller's call."""
    rows = [row for row in system.calls() if row.caller == number]
    return any(step.kind == kind for row in rows for step in system.steps_of(row))


def rang_directly_s(system: System, number: str) -> float:
    """Seconds from dialling until the switch itself rang a police seat."""
    seen = wait_until(partial(rang, system, number), "the police to ring", 10)
    assert isinstance(seen, Witness)
    assert seen.rang[0].via == "direct"
    assert seen.rang[0].seat == "8001"
    assert seen.first_ring_s is not None
    assert seen.first_ring_s < DIRECT_WITHIN_S
    return seen.first_ring_s


def rang(system: System, number: str) -> Witness | None:
    seen = system.town.seen(number)
    return seen if seen is not None and seen.rang else None


@pytest.mark.fault("18", "60", how="kill -9 with calls in both menus, the queue and a talk")
def test_a_killed_asterisk_costs_a_new_caller_three_seconds_and_each_call_begun_is_on_record(
    system: System, told: Finding
) -> None:
    put_calls_everywhere(system)
    before = footprint(system.node)
    system.node.processes["asterisk"].signal(signal.SIGKILL)
    system.town.call("13800010105", [Stay(2)])
    ring_s = rang_directly_s(system, "13800010105")
    told.caller.append(f"a new caller: police rang directly {1000 * ring_s:,.0f} ms after dialling")
    system.node.restart("asterisk")
    rows = [system.call_of(number, 10) for number in PLACES]
    assert [row.outcome for row in rows] == ["node-lost"] * len(PLACES)
    # The switch repeats its INVITE of the new caller: one may reach the Asterisk that is back.
    numbers = [row.caller for row in system.calls() if row.caller != "13800010105"]
    assert sorted(map(str, numbers)) == sorted(PLACES)
    told.records.append(f"4 calls begun ({', '.join(PLACES.values())}): 4 rows, all node-lost")
    told.leaks.append(wait_until_nothing_leaks(system.node, before))


@pytest.mark.parametrize(
    "fault",
    [
        pytest.param(fault, marks=pytest.mark.control(number, "60", without=OWN_WAY))
        for number, fault in (("18", signal.SIGKILL), ("19", signal.SIGSTOP))
    ],
)
def test_control_a_switch_without_a_way_of_its_own_rings_nobody(
    system: System, told: Finding, fault: signal.Signals
) -> None:
    system.node.processes["asterisk"].signal(fault)
    added = ask(
        system.town.switch.home,
        "dialplan add extension _[a-z]./13800010107,10,Hangup(38) into to-bridge",
    )
    assert "added into" in added
    system.town.call("13800010107", [Stay(5)])
    assert system.town.ended("13800010107").rang == ()
    told.caller.append("no police seat rang")
    assert system.calls() == []
    system.node.restart("asterisk")
    system.town.call("13800010108", [Press("1"), Stay(1)])
    system.town.ended("13800010108")
    system.call_of("13800010108")


@pytest.mark.fault("19", "60", how="SIGSTOP with calls in both menus, the queue and a talk")
def test_a_frozen_asterisk_is_passed_over_within_three_seconds_and_loses_no_call_when_it_wakes(
    system: System, told: Finding
) -> None:
    put_calls_everywhere(system)
    before, began = footprint(system.node), time.monotonic()
    system.node.processes["asterisk"].signal(signal.SIGSTOP)
    system.town.call("13800010106", [Stay(2)])
    ring_s = rang_directly_s(system, "13800010106")
    system.town.ended("13800010106")
    told.caller.append(f"a new caller: police rang directly {1000 * ring_s:,.0f} ms after dialling")
    system.node.processes["asterisk"].signal(signal.SIGCONT)
    froze_s = time.monotonic() - began
    assert froze_s < 20
    wait_until(system.node.is_up, "Asterisk to wake", 10)
    still = [system.town.saw(number).ended_at for number in PLACES]
    assert still == [None] * len(PLACES)
    told.caller.append(f"the four calls in it were still there after {froze_s:.0f} s of it")
    ask(system.node.home, "channel request hangup all")
    outcomes = {place: system.call_of(number, 10).outcome for number, place in PLACES.items()}
    assert "node-lost" not in outcomes.values()
    assert outcomes["talk"] == "talked-to-police"
    told.records.append(f"one row each: {', '.join(map(str, outcomes.values()))}")
    told.leaks.append(wait_until_nothing_leaks(system.node, before))
