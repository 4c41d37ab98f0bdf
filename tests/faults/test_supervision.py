"""Whoever dies or freezes is started anew by the node itself, and what `down` stopped is not."""

import asyncio
import os
import signal
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from ivr.alarms import ALARMS
from scripts.asterisk_console import ask
from scripts.chaos.findings import Finding
from scripts.cli import supervision
from scripts.http_page import fetch
from scripts.lab.callers import Press, Stay, Wait
from scripts.lab.node import listens
from scripts.lab.seats import Manner
from scripts.lab.waiting import wait_until
from tests.faults.calls_meanwhile import TO_LIVELIHOOD
from tests.faults.supervised import (
    SupervisedNode,
    memory_may_be_limited,
    no_more_memory,
    reading_s,
)
from tests.faults.watched import cleared_within, raised_within
from tests.real_asterisk.system import POLICE, System, running_system
from tests.seen import menu_s, pol

pytestmark = pytest.mark.real_asterisk
BACK_WITHIN_S = 5.0  # on a machine that reads the bridge's code within a second
SEATS = dict.fromkeys(POLICE, Manner(ring_s=0.1, talk_s=0.2))
QUIET = "[selftest]\nevery_s = 0\n"
needs_groups = pytest.mark.skipif(
    not memory_may_be_limited(), reason="memory is limited by a control group that we may make"
)


@pytest.fixture(scope="module")
def system(tmp_path_factory: pytest.TempPathFactory) -> Iterator[System]:
    settings = f"{QUIET}[supervisor]\nasterisk_silent_s = 5\n"
    root = tmp_path_factory.mktemp("supervised")
    with running_system(root, 201, seats=SEATS, settings=settings, node_of=SupervisedNode) as one:
        yield one


def node_of(system: System) -> SupervisedNode:
    assert isinstance(system.node, SupervisedNode)
    return system.node


def in_menu(system: System, number: str) -> None:
    """Without the local script: who hears a menu from now on hears it from the bridge."""
    ask(system.node.home, "dialplan set global L110_FALLBACK /nowhere/fallback")
    system.town.call(number, [Stay(40)])
    wait_until(lambda: begun(system, number), "the menu", 8)


def begun(system: System, number: str) -> bool:
    rows = [row for row in system.calls() if row.caller == number]
    return any(step.kind == "intake" for row in rows for step in system.steps_of(row))


def rang_police(system: System, number: str, told: Finding, struck_at: float) -> None:
    seen = system.town.ended(number, 60)
    rang = pol(system.town, seen, struck_at=struck_at, menu_s=menu_s())
    row = system.call_of(number, 15)
    assert (row.verdict, row.reason) == ("police", "bridge-lost")
    told.caller.append(f"who was in the menu: {rang}")
    told.records.append(f"1 row, police, {row.reason}")


def menu_after_s(system: System, number: str, began: float) -> float:
    """Seconds from `began` until a new caller was released by a key that the bridge asked him for.

    He dials once somebody listens for calls: until then a caller rings the police.
    """
    wait_until(lambda: answering(system), "a bridge", 40, every_s=0.02)
    system.town.call(number, TO_LIVELIHOOD)
    wait_until(lambda: begun(system, number), "his menu", 10)
    row = next(row for row in system.calls() if row.caller == number)
    heard = min(step.at for step in system.steps_of(row) if step.kind == "intake")
    return heard.timestamp() - began


def answering(system: System) -> bool:
    agi = system.node.settings.agi
    return listens(agi.host, agi.port)


def starve(system: System, pid: int) -> None:
    """Asks it for pages until one of them needs memory that it does not get."""
    settings = system.node.settings

    def gone() -> bool:
        with suppress(OSError, ValueError, TimeoutError):
            asyncio.run(fetch(settings.health_host, settings.health.port, "/metrics", 1))
        return state(pid) in ("", "Z")

    wait_until(gone, "the kernel to end it", 10, every_s=0.01)


def state(pid: int) -> str:
    """As the kernel tells it: R, S, T, Z; empty for one that is gone."""
    with suppress(OSError):
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    return ""


def served_by_the_menu(system: System, number: str) -> None:
    assert system.town.ended(number, 40).sides == "7"
    row = system.call_of(number, 15)
    assert (row.verdict, row.bridge) == ("livelihood", "seen")


@needs_groups
@pytest.mark.fault("9", how="the kernel ends the bridge for want of memory, under `l110 up`")
def test_a_bridge_without_memory_asks_its_menu_again_within_five_seconds(
    system: System, told: Finding
) -> None:
    node = node_of(system)
    in_menu(system, "13800020101")
    before = node.pid("ivr")
    limit_s = BACK_WITHIN_S * max(1.0, reading_s())
    began = time.time()
    with no_more_memory(before):
        starve(system, before)
        after_s = menu_after_s(system, "13800020102", began)
    rang_police(system, "13800020101", told, began)
    served_by_the_menu(system, "13800020102")
    told.caller.append(f"the next caller heard the menu {after_s:.1f} s after the injection")
    assert after_s < limit_s
    assert node.new_pid("ivr", before, 1)
    _, about = raised_within(node, "process-restarted", 5)
    told.records.append(f"process-restarted: {about}")
    assert "ivr: ended" in about


@needs_groups
@pytest.mark.control("9", without="a supervisor")
def test_control_without_a_supervisor_no_menu_comes_back(tmp_path: Path, told: Finding) -> None:
    with running_system(tmp_path, 202, seats=SEATS, settings=QUIET) as system:
        in_menu(system, "13800020201")
        struck_at = time.time()
        with no_more_memory(system.node.processes["ivr"].pid):
            starve(system, system.node.processes["ivr"].pid)
            system.node.processes["ivr"].child.wait(20)
        rang_police(system, "13800020201", told, struck_at)
        time.sleep(2 * BACK_WITHIN_S)
        assert not answering(system)
        system.town.call("13800020202", [Wait(0.3), Press("2"), Stay(20)])
        assert system.town.ended("13800020202").sides == "8"
        told.caller.append("10 s later still no menu; the police")
        system.call_of("13800020202")


@pytest.mark.fault("5", "9", how="SIGSTOP to the bridge, under `l110 up`")
def test_a_frozen_bridge_is_ended_and_asks_its_menu_again(system: System, told: Finding) -> None:
    node = node_of(system)
    in_menu(system, "13800020103")
    limit_s = 3 + BACK_WITHIN_S * max(1.0, reading_s())
    began, old = time.time(), node.signal("ivr", signal.SIGSTOP)
    node.new_pid("ivr", old, 15)
    after_s = menu_after_s(system, "13800020104", began)
    rang_police(system, "13800020103", told, began)
    served_by_the_menu(system, "13800020104")
    told.caller.append(f"the next caller heard the menu {after_s:.1f} s after the freeze")
    assert after_s < limit_s
    assert '"event": "process.frozen"' in node.log


@pytest.mark.fault("19", "60", how="SIGSTOP to Asterisk, under `l110 up`; 5 s of patience")
def test_a_frozen_asterisk_is_ended_and_takes_calls_again(system: System, told: Finding) -> None:
    node = node_of(system)
    in_menu(system, "13800020105")
    began, old = time.monotonic(), node.signal("asterisk", signal.SIGSTOP)
    system.town.call("13800020106", [Stay(1)])
    direct = system.town.ended("13800020106", 40)
    assert direct.rang[0].via == "direct"
    told.caller.append(f"meanwhile: the switch rang the police itself, {direct.first_ring_s:.1f} s")
    node.new_pid("asterisk", old, 15)
    wait_until(node.is_up, "Asterisk", 20)
    up_s = time.monotonic() - began
    told.records.append(f"ended and taking calls again {up_s:.1f} s after the freeze")
    assert up_s < 5 + 15
    assert system.call_of("13800020105", 15).outcome == "node-lost"
    told.records.append("the call begun: 1 row, node-lost")
    cleared_within(node, "asterisk-down", 15)
    system.town.call("13800020107", TO_LIVELIHOOD)
    served_by_the_menu(system, "13800020107")


@pytest.mark.control("5", "19", without="patience that ends: both settings 0")
def test_control_nobody_ends_what_is_frozen_where_patience_is_without_end(
    tmp_path: Path, told: Finding
) -> None:
    settings = f"{QUIET}[supervisor]\nbridge_silent_s = 0\nasterisk_silent_s = 0\n"
    with running_system(tmp_path, 203, settings=settings, node_of=SupervisedNode) as system:
        node = node_of(system)
        frozen = {name: node.signal(name, signal.SIGSTOP) for name in ("ivr", "asterisk")}
        time.sleep(12)
        assert {name: node.pid(name) for name in frozen} == frozen
        for pid in frozen.values():
            os.kill(pid, signal.SIGCONT)
    told.records.append("both the same processes, frozen, after 12 s")


@pytest.mark.fault("57", how="kill -9 of forwarder, watch and keeper, under `l110 up`")
def test_whoever_dies_is_started_anew(system: System, told: Finding) -> None:
    node = node_of(system)
    old = {name: node.signal(name, signal.SIGKILL) for name in ("forward", "watch", "keep")}
    for name, pid in old.items():
        assert node.new_pid(name, pid, 10)
    cleared_within(node, "watch-silent", 20)
    told.records.append("forward, watch and keep run again")


def test_a_process_that_does_not_stay_up_is_an_alarm_and_is_tried_again(system: System) -> None:
    """It comes back by itself once its cause is gone, also long after the supervisor gave up."""
    node, journal = node_of(system), system.node.settings.journal_path
    kept = [path for path in journal.parent.glob(f"{journal.name}*") if path.is_file()]
    for path in kept:
        path.rename(path.with_name(f"kept-{path.name}"))
    journal.mkdir()
    node.signal("ivr", signal.SIGKILL)
    try:
        raised_within(node, "process-failing", 60)
        found = node.status()
        assert found["state"] == "partly"
        told = {alarm["name"]: alarm["runbook"] for alarm in found["alarms"]}
        assert told["process-failing"] == ALARMS["process-failing"].runbook
        wait_until(lambda: "FATAL" in states(node), "the supervisor to give up", 90)
    finally:
        journal.rmdir()
        for path in kept:
            path.with_name(f"kept-{path.name}").rename(path)
    wait_until(lambda: answering(system), "the bridge", 60)
    cleared_within(node, "bridge-down", 10)
    assert '"event": "process.given_up"' in node.log


def states(node: SupervisedNode) -> list[str]:
    return [one.state for one in supervision.processes(node.settings)]


def test_a_keeper_that_is_frozen_itself_is_an_alarm(system: System) -> None:
    node = node_of(system)
    node.signal("keep", signal.SIGSTOP)
    try:
        raised_within(node, "keeper-silent", 25)
    finally:
        node.signal("keep", signal.SIGCONT)
    cleared_within(node, "keeper-silent", 5)


def test_what_down_stopped_stays_down(system: System) -> None:
    """Also a frozen bridge, in the moment in which it would be started anew."""
    node = node_of(system)
    node.signal("ivr", signal.SIGSTOP)
    wait_until(lambda: node.log.count("process.frozen") > 0, "the keeper", 10)
    assert node.l110("down").returncode == 0
    time.sleep(6)
    assert supervision.our_processes(node.settings) == []
    assert node.status()["state"] == "down"
    node.start()
    assert ask(node.home, "core show version")
