"""systemd hears READY, and WATCHDOG only while the bridge is well."""

import asyncio
import os
import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from types import SimpleNamespace

import pytest

from scripts import bridge_health
from scripts.bridge_health import BridgeHealth
from scripts.clock_watch import ClockWatch
from scripts.sd_notify import Notifier


@contextmanager
def systemd(tmp_path, watchdog_s: float = 0.6) -> Iterator[tuple[socket.socket, dict[str, str]]]:
    path = tmp_path / "notify"
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as ear:
        ear.bind(str(path))
        ear.settimeout(1)
        usec = str(int(watchdog_s * 1e6))
        yield ear, {"NOTIFY_SOCKET": str(path), "WATCHDOG_USEC": usec}


def heard(ear: socket.socket) -> list[str]:
    words = []
    ear.setblocking(False)
    with suppress(BlockingIOError):
        while True:
            words.append(ear.recv(200).decode())
    return words


def health(environ, *, listens=True, writes=True) -> BridgeHealth:
    journal = SimpleNamespace(healthy=True, writes=writes, unkept=0, write=lambda step: None)
    rules = SimpleNamespace(state="good", current=SimpleNamespace(version="v"))
    server = SimpleNamespace(listens=listens, counters=None)
    return BridgeHealth(
        "n1", journal, rules, server, clock=ClockWatch(), prompts=tuple,  # type: ignore[arg-type]
        notifier=Notifier(environ),
    )  # fmt: skip


async def kept_for(bridge: BridgeHealth, seconds: float) -> None:
    keeper = asyncio.create_task(bridge.keep())
    await asyncio.sleep(seconds)
    keeper.cancel()


def test_ready_and_stopping_are_heard(tmp_path):
    with systemd(tmp_path) as (ear, environ):
        Notifier(environ).ready()
        Notifier(environ).stopping()
        assert heard(ear) == ["READY=1", "STOPPING=1"]


def test_an_abstract_socket_is_heard_too():
    name = f"l110-test-{os.getpid()}"
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as ear:
        ear.bind(f"\0{name}")
        Notifier({"NOTIFY_SOCKET": f"@{name}"}).ready()
        assert heard(ear) == ["READY=1"]


def test_nobody_is_told_where_nobody_listens(tmp_path):
    Notifier({}).ready()
    Notifier({"NOTIFY_SOCKET": str(tmp_path / "gone")}).alive()


@pytest.mark.parametrize(
    ("environ", "every_s"),
    [
        ({"NOTIFY_SOCKET": "/x", "WATCHDOG_USEC": "3000000"}, 1.0),
        ({"NOTIFY_SOCKET": "/x", "WATCHDOG_USEC": "3000000", "WATCHDOG_PID": "1"}, None),
        ({"NOTIFY_SOCKET": "/x", "WATCHDOG_USEC": "soon"}, None),
        ({"NOTIFY_SOCKET": "/x"}, None),
        ({"WATCHDOG_USEC": "3000000"}, None),
    ],
)
def test_how_often_is_a_third_of_what_systemd_waits(environ, every_s):
    assert Notifier(environ).every_s == every_s


@pytest.mark.fault("7", how="a bridge that is well says so, as systemd's watchdog asks")
def test_a_bridge_that_is_well_says_that_it_lives(tmp_path, told):
    with systemd(tmp_path) as (ear, environ):
        asyncio.run(kept_for(health(environ), 1.3))
        said = heard(ear)
    told.records.append(f"{len(said)} times WATCHDOG=1 in 1.3 s")
    assert said
    assert set(said) == {"WATCHDOG=1"}


@pytest.mark.control("7", without="a bridge that is well")
@pytest.mark.parametrize("ill", [{"listens": False}, {"writes": False}])
def test_control_a_bridge_that_is_ill_is_silent_so_that_it_is_started_anew(
    tmp_path, told, ill, monkeypatch
):
    monkeypatch.setattr(bridge_health, "JOURNAL_ENDED_S", 0.0)
    with systemd(tmp_path) as (ear, environ):
        asyncio.run(kept_for(health(environ, **ill), 1.3))
        assert heard(ear) == []
    told.records.append(f"no WATCHDOG=1 in 1.3 s ({', '.join(ill)})")


def test_a_journal_that_has_just_ended_costs_the_callers_in_the_menu_nothing_yet(tmp_path):
    with systemd(tmp_path) as (ear, environ):
        asyncio.run(kept_for(health(environ, writes=False), 1.3))
        assert "WATCHDOG=1" in heard(ear)


def test_a_loop_that_is_late_is_silent(tmp_path):
    async def scene(bridge: BridgeHealth) -> None:
        keeper = asyncio.create_task(bridge.keep())
        await asyncio.sleep(0.01)
        time.sleep(1.8)  # noqa: ASYNC251  somebody holds the loop
        await asyncio.sleep(0.01)
        assert bridge.ailing() == ["the event loop is late"]
        keeper.cancel()

    with systemd(tmp_path) as (ear, environ):
        asyncio.run(scene(health(environ)))
        assert heard(ear) == []
