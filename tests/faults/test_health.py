"""The node says what is wrong with it: each alarm with its cause put in, and with its eye shut."""

import asyncio
import json
import signal
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from reports.witnesses import cel_starts
from scripts.asterisk_console import ask
from scripts.chaos.findings import Finding
from scripts.cli.ports import Port, listening
from scripts.http_page import fetch
from scripts.lab.callers import Press, Stay, Wait
from scripts.lab.footprint import footprint, wait_until_nothing_leaks
from scripts.lab.waiting import wait_until
from tests.faults.watched import (
    NO_TESTS,
    cleared_within,
    logged,
    raised_within,
    stays_quiet,
    watched_so,
)
from tests.real_asterisk.system import System, running_system
from tests.seen import rang

pytestmark = pytest.mark.real_asterisk
SETTINGS = """
[health]
agi_longest_s = 4
[selftest]
every_s = 2
within_s = 5
"""
HALF_A_LINE = b"SET VARIABLE L110_VER"


@pytest.fixture(scope="module")
def system(tmp_path_factory: pytest.TempPathFactory) -> Iterator[System]:
    with running_system(tmp_path_factory.mktemp("health"), 162, settings=SETTINGS) as system:
        system.node.start_watch()
        yield system


@pytest.fixture(autouse=True)
def _all_is_well(system: System) -> None:
    wait_until(lambda: not system.node.alarms(), "all to be well", 20)


def page(system: System, port: int, path: str) -> tuple[int, str]:
    return asyncio.run(fetch(system.node.settings.health_host, port, path, 3))


def selftests(system: System) -> int:
    """How many self-test calls left their mark in Asterisk's own feed."""
    return system.node.settings.cel_path.read_text().count('"L110_SELFTEST"')


def test_a_healthy_node_calls_itself_and_nothing_of_it_is_on_record(system: System) -> None:
    before = selftests(system)
    wait_until(lambda: selftests(system) >= before + 3, "three self-test calls", 15)
    assert system.calls() == []
    assert system.legs() == []
    assert cel_starts(system.node.settings.cel_path) == {}
    assert system.node.slots_in_use() == 0
    health = system.node.settings.health
    assert page(system, health.watch_port, "/readyz")[0] == 200
    status, metrics = page(system, health.watch_port, "/metrics")
    assert status == 200
    assert "l110_selftest_failures_total 0.0" in metrics
    assert page(system, health.port, "/healthz") == (200, "ok\n")
    assert page(system, health.port, "/readyz")[0] == 200


def test_a_self_test_takes_no_line_from_a_caller(system: System) -> None:
    """By the dialplan's own count, asked over and over while two of them go on."""
    most = 0
    before = selftests(system)
    while selftests(system) < before + 2:
        most = max(most, system.node.slots_in_use())
    assert most == 0


def test_whoever_crowds_the_health_pages_delays_no_caller(system: System) -> None:
    """Three hundred connections that say nothing. And no page tells who called."""
    host, port = system.node.settings.health_host, system.node.settings.health.port
    idle = [socket.create_connection((host, port), 3) for _ in range(300)]
    try:
        system.town.call("13800000099", [Wait(0.5), Press("1"), Stay(20)])
        seen = system.town.ended("13800000099")
    finally:
        for line in idle:
            line.close()
    assert [seat[0] for seat in seen.talked_to] == ["8"]
    call = system.call_of("13800000099")
    assert (call.reason, call.bridge) == ("rule", "seen")
    wait_until(lambda: not system.node.alarms(), "all to be well", 10)
    pages = [page(system, p, "/metrics")[1] for p in (port, port + 1)]
    assert all("l110_" in text and "1380000" not in text for text in pages)


def test_a_frozen_bridge_is_an_alarm_within_five_seconds(system: System) -> None:
    system.node.processes["ivr"].signal(signal.SIGSTOP)
    try:
        raised_within(system.node, "bridge-frozen", 5)
        _, why = raised_within(system.node, "selftest-failed", 10)
    finally:
        system.node.processes["ivr"].signal(signal.SIGCONT)
    cleared_within(system.node, "selftest-failed", 12)
    assert "guard" in why
    assert logged(system, "bridge-frozen")


@contextmanager
def half_a_line_server(system: System) -> Iterator[None]:
    """In the bridge's place: takes each call, sends half a command, and no more."""
    agi = system.node.settings.agi
    system.node.processes["ivr"].stop()
    taken: list[socket.socket] = []
    with socket.create_server((agi.host, agi.port)) as listener:

        def serve() -> None:
            while True:
                try:
                    line, _ = listener.accept()
                except OSError:
                    return
                taken.append(line)
                line.sendall(HALF_A_LINE)

        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        try:
            yield
        finally:
            listener.shutdown(socket.SHUT_RDWR)
            for line in taken:
                line.close()
            thread.join(5)
    system.node.restart("ivr")


@pytest.mark.fault("7", how="a stand-in for the bridge sends half a line and is silent")
def test_a_caller_held_by_half_a_line_is_an_alarm(system: System, told: Finding) -> None:
    before = footprint(system.node)
    with half_a_line_server(system):
        system.town.call("13800000701", [Stay(40)])
        took_s, about = raised_within(system.node, "agi-stuck", 12)
        test_s, _ = raised_within(system.node, "selftest-failed", 10)
    told.records.append(f"agi-stuck after {took_s:.1f} s, selftest-failed {test_s:.1f} s later")
    assert "PJSIP/" in about
    assert "1380" not in about
    seen = system.town.ended("13800000701")
    assert [seat[0] for seat in seen.talked_to] == ["8"]
    told.caller.append(f"held until the stand-in let go: {rang(seen)}")
    row = system.call_of("13800000701")
    told.records.append(f"1 row, {row.verdict}, bridge {row.bridge}")
    assert row.verdict == "police"
    told.leaks.append(wait_until_nothing_leaks(system.node, before))


@pytest.mark.control("7", without="the look at how long a caller is with a giver of verdicts")
def test_control_nobody_else_says_that_the_caller_is_held(system: System, told: Finding) -> None:
    with watched_so(system, {"L110_HEALTH__AGI_LONGEST_S": "3600", **NO_TESTS}):
        with half_a_line_server(system):
            system.town.call("13800000702", [Stay(12)])
            assert stays_quiet(system.node, "agi-stuck", 8)
            assert system.town.seen("13800000702").rang == ()  # type: ignore[union-attr]
        told.caller.append("held 8 s by half a line, past the guard of 2 s, and no word of it")
        system.town.ended("13800000702")


@pytest.mark.fault("19", how="SIGSTOP to Asterisk")
def test_a_frozen_asterisk_is_out_of_service_within_five_seconds(
    system: System, told: Finding
) -> None:
    port, before = system.node.settings.health.watch_port, footprint(system.node)
    system.node.processes["asterisk"].signal(signal.SIGSTOP)
    try:
        took_s, _ = raised_within(system.node, "asterisk-frozen", 5)
        status, body = page(system, port, "/readyz")
        system.town.call("13800001901", [Stay(20)])
        seen = system.town.ended("13800001901")
    finally:
        system.node.processes["asterisk"].signal(signal.SIGCONT)
    well_s = cleared_within(system.node, "asterisk-frozen", 10)
    assert status == 503
    assert json.loads(body)["in_service"] is False
    assert seen.rang[0].via == "direct"
    told.caller.append("the switch rang the police itself")
    told.records.append(f"/readyz 503 and alarm after {took_s:.1f} s; well {well_s:.1f} s after")
    told.leaks.append(wait_until_nothing_leaks(system.node, before))


@pytest.mark.control("19", without="a question that Asterisk must answer")
def test_control_a_frozen_asterisk_runs_and_listens(system: System, told: Finding) -> None:
    """What a supervisor and a look at the port can see of it: nothing."""
    ami = system.node.settings.ami
    system.node.processes["asterisk"].signal(signal.SIGSTOP)
    try:
        assert system.node.processes["asterisk"].running
        assert listening(Port("ami.port", "tcp", ami.host, ami.port))
    finally:
        system.node.processes["asterisk"].signal(signal.SIGCONT)
    told.records.append("the process runs and its port listens while it is frozen")
    cleared_within(system.node, "asterisk-frozen", 10)


@pytest.mark.fault("56", how="the CEL folder is moved away")
def test_a_cel_folder_that_is_gone_is_an_alarm(system: System, told: Finding) -> None:
    folder = system.node.settings.cel_path.parent
    away, before = folder.with_name("moved"), footprint(system.node)
    folder.rename(away)
    try:
        took_s, about = raised_within(system.node, "cel-missing", 5)
        system.town.call("13800005601", [Wait(0.5), Press("1"), Stay(20)])
        seen = system.town.ended("13800005601")
    finally:
        if folder.exists():
            folder.rename(folder.with_name("made-meanwhile"))
        away.rename(folder)
    well_s = cleared_within(system.node, "cel-missing", 5)
    assert [seat[0] for seat in seen.talked_to] == ["8"]
    told.caller.append("talked to the police all the same")
    told.records.append(f"alarm after {took_s:.1f} s ({about}); cleared after {well_s:.1f} s")
    told.leaks.append(wait_until_nothing_leaks(system.node, before))


def cel_off(system: System) -> None:
    ask(system.node.home, "module unload cel_custom.so")


def cel_on(system: System) -> None:
    ask(system.node.home, "module load cel_custom.so")


@pytest.mark.fault("56", how="Asterisk stops writing CEL, its folder and file stand")
def test_call_records_that_are_not_written_are_an_alarm(system: System, told: Finding) -> None:
    cel_off(system)
    try:
        took_s, about = raised_within(system.node, "cel-stalled", 12)
    finally:
        cel_on(system)
    well_s = cleared_within(system.node, "cel-stalled", 12)
    told.records.append(f"alarm after {took_s:.1f} s ({about}); cleared after {well_s:.1f} s")


@pytest.mark.control("56", without="the mark that each self-test must leave in the file")
def test_control_without_self_tests_nobody_sees_that_cel_is_silent(
    system: System, told: Finding
) -> None:
    with watched_so(system, NO_TESTS):
        cel_off(system)
        try:
            assert stays_quiet(system.node, "cel-stalled", 8)
        finally:
            cel_on(system)
    told.records.append("8 s without call records, and no word of it")
