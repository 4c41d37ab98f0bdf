"""Faults 12 to 14: the manager's line is kicked, half-open, or not read; no caller notices."""

import asyncio
import signal
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

import pytest

from ivr.ami import Ami, Snapshot
from scripts.asterisk_console import ask
from scripts.asterisk_home import CHECKOUT
from scripts.chaos.findings import Finding
from scripts.lab.process import Process
from scripts.lab.waiting import NeverHappened, wait_until
from tests.real_asterisk.ami_hands import (
    GUARDED,
    client,
    kick,
    through_relay,
    until,
)
from tests.real_asterisk.flight import assert_each_has_one_record, calls_in_flight, nobody_notices
from tests.real_asterisk.relay import Relay
from tests.real_asterisk.system import System

SEAT: Final = {"Queue": "police-menu-off", "Interface": "PJSIP/seat-8001"}  # nobody waits there
PAUSES: Final = 12_000  # events of about 400 bytes: more than both sockets hold


@pytest.fixture(scope="module")
def system(tmp_path_factory: pytest.TempPathFactory) -> Iterator[System]:
    with calls_in_flight(tmp_path_factory.mktemp("flight"), 47) as system:
        yield system


@pytest.fixture
def in_flight(system: System, told: Finding) -> Iterator[None]:
    with nobody_notices(system, told):
        yield


def sessions(system: System, user: str) -> int:
    return ask(system.node.home, "manager show connected").count(f"  l110-{user} ")


def memory_kb(system: System) -> int:
    status = Path(f"/proc/{system.node.processes['asterisk'].pid}/status").read_text()
    return int(status.partition("VmRSS:")[2].split()[0])


@pytest.mark.fault("12", how="its session is kicked")
@pytest.mark.usefixtures("in_flight")
@GUARDED
def test_12_a_kicked_session_is_stale_within_five_seconds_and_then_true(
    system: System, told: Finding, guarded: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    if not guarded:
        monkeypatch.setattr(Ami, "_changed", lambda _ami: None)

    async def scene() -> None:
        async with client(system, "reader", "QueueMemberPause") as ami:
            stream = ami.events()
            await anext(stream)
            kicked = time.monotonic()
            await asyncio.to_thread(kick, system, "reader")
            await until(lambda: not ami.state.connected, 5)
            assert str(ami.state).startswith("stale since")
            stale_ms = 1000 * (time.monotonic() - kicked)
            try:
                found = await asyncio.wait_for(anext(stream), 5)
                assert isinstance(found, Snapshot)
                assert guarded
                true_ms = 1000 * (time.monotonic() - kicked)
                told.records.append(f"view stale after {stale_ms:.0f} ms, true after {true_ms:.0f}")
            except TimeoutError:
                assert not guarded
                told.records.append("no snapshot within 5 s: the view is not made anew")

    asyncio.run(scene())


@pytest.mark.fault("13", how="a relay passes nothing on any more")
@pytest.mark.usefixtures("in_flight")
@GUARDED
def test_13_a_half_open_line_is_back_within_fifteen_seconds(
    system: System, told: Finding, guarded: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With the pace of a site: ping every 4 s, 4 s for its answer."""
    if not guarded:

        async def never(_keeper: object, link: object) -> None:
            await link.lost.wait()  # type: ignore[attr-defined]

        monkeypatch.setattr("ivr.ami_keeper.Keeper._watch", never)

    async def scene(relay: Relay) -> None:
        async with client(system, "reader", "QueueMemberPause", through=relay) as ami:
            stream = ami.events()
            await anext(stream)
            relay.freeze()
            began = time.monotonic()
            try:
                assert isinstance(await asyncio.wait_for(anext(stream), 15), Snapshot)
                assert guarded
                told.records.append(f"new line and snapshot after {time.monotonic() - began:.1f} s")
            except TimeoutError:
                assert not guarded
                told.records.append("no word of it in 15 s")

    through_relay(system, scene)


@contextmanager
def watcher(system: System, *options: str) -> Iterator[Process]:
    where, log = system.node.settings.ami, system.node.settings.var / "log/watcher.log"
    log.unlink(missing_ok=True)
    secret = system.node.settings.secret_path("ami-reader")
    command = [sys.executable, "-m", "tests.real_asterisk.ami_watcher", where.host, str(where.port)]
    process = Process(
        [*command, "l110-reader", str(secret), *options], log, {"PYTHONPATH": str(CHECKOUT)}
    )
    try:
        wait_until(lambda: "snapshot" in log.read_text(), "the watcher", 10)
        yield process
    finally:
        process.stop()


async def pause_many(system: System, times: int) -> None:
    """Ends with the seat paused."""
    async with client(system, "actor") as actor:

        async def one(turn: int) -> None:
            paused = {**SEAT, "Paused": str(turn % 2 == 0).lower()}
            assert (await actor.action("QueuePause", paused)).ok

        for start in range(0, times, 50):
            await asyncio.gather(*(one(turn) for turn in range(start, start + 50)))
        await one(0)


@pytest.mark.fault("14", how="the reader is stopped (SIGSTOP) under 12,000 events")
@pytest.mark.usefixtures("in_flight")
@GUARDED
def test_14_a_reader_that_stands_still_is_dropped_and_then_true_again(
    system: System, told: Finding, guarded: bool
) -> None:
    """Asterisk drops it once its sockets are full: what comes after that costs no memory."""
    with watcher(system, *([] if guarded else ["--without-snapshots"])) as process:
        before = memory_kb(system)
        process.signal(signal.SIGSTOP)
        asyncio.run(pause_many(system, PAUSES))
        wait_until(lambda: not sessions(system, "reader"), "the slow reader to be dropped", 10)
        grown_kb = memory_kb(system) - before
        if guarded:
            before = memory_kb(system)
            asyncio.run(pause_many(system, PAUSES))
            later_kb = memory_kb(system) - before
            assert later_kb < 2_000  # seen: 5,600 at first, then 160
            told.records.append(
                f"dropped; Asterisk grew by {grown_kb:,} kB until then, by {later_kb:,} kB after"
            )
        process.signal(signal.SIGCONT)
        try:
            wait_until(lambda: process.log.read_text().count("snapshot") > 1, "a snapshot", 10)
            assert guarded
            assert process.log.read_text().rsplit("snapshot ", 1)[1].startswith("True")
            told.records.append("true again by a snapshot once it reads")
        except NeverHappened:
            assert not guarded
            told.records.append("it never hears what it missed")
    assert grown_kb < 30_000
    ask(system.node.home, "queue unpause member PJSIP/seat-8001")


@pytest.mark.fault("12", "13", "14", how="all of these, one after the other")
def test_after_all_this_each_call_has_one_record_and_the_audit_is_clean(
    system: System, told: Finding
) -> None:
    assert_each_has_one_record(system, 3, told)
