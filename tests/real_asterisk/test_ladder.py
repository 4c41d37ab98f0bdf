"""A rung of the ladder that failed is left out for ten seconds: seen from the rung and the caller.

Controls: without the module that keeps the second until which, or with no such time, every
caller pays for the same fault again.
"""

import socket
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import count
from pathlib import Path

import pytest

from scripts.asterisk_console import ask
from scripts.chaos.findings import Finding
from scripts.lab.callers import Stay
from scripts.lab.seats import Manner
from scripts.lab.waiting import wait_until
from tests.real_asterisk.system import POLICE, System, running_system
from tests.seen import nothing_left, pol_s

SKIP_S = 10
GUARD_S = 2
AT_ONCE_S = 1.5
NO_SCRIPT = "/nowhere/fallback"
NUMBERS = (f"138000001{n:02d}" for n in count(1))
SEATS = dict.fromkeys(POLICE, Manner(ring_s=0.1, talk_s=0.2))
SHELL = "#!/bin/sh\necho asked >> {diary}\nexec sleep 4\n"


@pytest.fixture(scope="module")
def system(tmp_path_factory: pytest.TempPathFactory) -> Iterator[System]:
    root = tmp_path_factory.mktemp("ladder")
    with running_system(
        root, 19, lines=10, seats=SEATS, unregistered=("GLOBAL", "SHARED")
    ) as system:
        ask(system.node.home, f"dialplan set global L110_FALLBACK {NO_SCRIPT}")
        system.node.processes["ivr"].stop()
        yield system


@pytest.fixture(autouse=True)
def _nothing_is_left_out(system: System) -> Iterator[None]:
    yield
    ask(system.node.home, "module load func_global.so")
    ask(system.node.home, f"dialplan set global L110_SKIP_S {SKIP_S}")
    for rung in (1, 2, 3):
        ask(system.node.home, f"dialplan set global L110_DOWN_{rung} 0")


def no_module(system: System) -> None:
    assert "Unloaded" in ask(system.node.home, "module unload func_global.so")


def no_time(system: System) -> None:
    ask(system.node.home, "dialplan set global L110_SKIP_S 0")


def nothing(_: System) -> None:
    """Every protection stays."""


class FrozenBridge:
    """In the bridge's place: the kernel takes every connection, and nobody ever answers."""

    def __init__(self, host: str, port: int) -> None:
        self.socket = socket.create_server((host, port))
        self.socket.setblocking(False)
        self.taken: list[socket.socket] = []

    def asked(self) -> int:
        """How many connections were made to it so far."""
        while True:
            try:
                self.taken.append(self.socket.accept()[0])
            except BlockingIOError:
                return len(self.taken)

    def close(self) -> None:
        for each in (self.socket, *self.taken):
            each.close()


@contextmanager
def frozen_bridge(system: System) -> Iterator[FrozenBridge]:
    agi = system.node.settings.agi
    bridge = FrozenBridge(agi.host, agi.port)
    try:
        yield bridge
    finally:
        bridge.close()


def seconds_to_the_police(system: System) -> float:
    """Of one caller who presses nothing: from dialling until a police seat rings."""
    number = next(NUMBERS)
    system.town.call(number, [Stay(30)])
    return pol_s(system.town, system.town.ended(number))


def tell(told: Finding, first_s: float, next_s: float, asked: int) -> None:
    told.caller.append(
        f"police rang {1000 * first_s:,.0f} ms after dialling, for the next caller"
        f" {1000 * next_s:,.0f} ms"
    )
    told.records.append(f"the frozen bridge was asked {asked} times for two callers")


OFF = pytest.mark.parametrize(
    "take_out",
    [
        pytest.param(nothing, id="protected"),
        pytest.param(
            no_module, id="without-func_global", marks=pytest.mark.control(without="func_global")
        ),
        pytest.param(
            no_time, id="without-a-time", marks=pytest.mark.control(without="the ten seconds")
        ),
    ],
)


@pytest.mark.fault("5", how="in the bridge's place something accepts and says nothing")
@OFF
def test_a_frozen_bridge_costs_the_first_caller_the_guard_and_the_next_one_nothing(
    system: System, told: Finding, take_out: Callable[[System], None]
) -> None:
    take_out(system)
    protected = take_out is nothing
    with nothing_left(system.node, told), frozen_bridge(system) as bridge:
        first_s = seconds_to_the_police(system)
        assert first_s > GUARD_S
        assert bridge.asked() == 1
        next_s = seconds_to_the_police(system)
        assert (next_s < AT_ONCE_S) is protected
        assert bridge.asked() == (1 if protected else 2)
    tell(told, first_s, next_s, len(bridge.taken))


@pytest.mark.fault("1", how="nobody listens on the bridge's port")
@OFF
def test_a_bridge_that_could_not_be_reached_is_not_asked_again_by_the_next_caller(
    system: System, told: Finding, take_out: Callable[[System], None]
) -> None:
    take_out(system)
    with nothing_left(system.node, told):
        first_s = seconds_to_the_police(system)
        assert first_s < AT_ONCE_S
        with frozen_bridge(system) as bridge:
            next_s = seconds_to_the_police(system)
            assert bridge.asked() == (0 if take_out is nothing else 1)
    tell(told, first_s, next_s, len(bridge.taken))


@OFF
def test_a_second_bridge_that_hung_is_left_out_like_the_first(
    system: System, take_out: Callable[[System], None]
) -> None:
    """Nobody listens at the first; the second takes the call and says nothing."""
    take_out(system)
    home, agi = system.node.home, system.node.settings.agi
    second = FrozenBridge(agi.host, agi.port + 1)
    ask(home, f"dialplan set global L110_AGI_2 agi://{agi.host}:{agi.port + 1}")
    try:
        assert seconds_to_the_police(system) > GUARD_S
        assert second.asked() == 1
        assert (seconds_to_the_police(system) < AT_ONCE_S) is (take_out is nothing)
        assert second.asked() == (1 if take_out is nothing else 2)
    finally:
        ask(home, 'dialplan set global L110_AGI_2 ""')
        second.close()


def test_a_bridge_that_is_left_out_is_asked_again_after_ten_seconds(system: System) -> None:
    began = time.monotonic()
    with frozen_bridge(system) as bridge:
        seconds_to_the_police(system)
        assert bridge.asked() == 1

        def asked_again() -> bool:
            seconds_to_the_police(system)
            return bridge.asked() == 2

        wait_until(asked_again, "the bridge to be asked again", SKIP_S + GUARD_S + 5)
        assert time.monotonic() - began > SKIP_S


@OFF
def test_a_local_script_that_hung_is_left_out_and_the_police_ring_at_once(
    system: System, tmp_path: Path, take_out: Callable[[System], None]
) -> None:
    take_out(system)
    protected, diary = take_out is nothing, tmp_path / "asked"
    script = tmp_path / "hangs"
    script.write_text(SHELL.format(diary=diary))
    script.chmod(0o755)
    ask(system.node.home, f"dialplan set global L110_FALLBACK {script}")
    assert seconds_to_the_police(system) > GUARD_S
    assert (seconds_to_the_police(system) < AT_ONCE_S) is protected
    assert diary.read_text().count("asked") == (1 if protected else 2)
    ask(system.node.home, f"dialplan set global L110_FALLBACK {NO_SCRIPT}")
