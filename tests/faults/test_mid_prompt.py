"""Who asks the caller for his key dies or freezes in the middle of the prompt, and no keeper helps.

The clock starts at the injection; a police seat rings within the menu's length and three seconds.
"""

import os
import signal
import time
from collections.abc import Callable, Iterator
from itertools import count
from pathlib import Path

import pytest

from scripts.asterisk_console import ask
from scripts.chaos.findings import Finding
from scripts.lab.callers import Stay
from scripts.lab.promise import PoliceTooLate
from scripts.lab.seats import Manner
from scripts.lab.waiting import wait_until
from tests.faults.bad_disk import start_bridge
from tests.real_asterisk.system import POLICE, System, running_system
from tests.seen import in_words, menu_s, nothing_left, pol

INTO_THE_PROMPT_S = 1.0
NUMBERS = (f"138000122{n:02d}" for n in count(1))
SEATS = dict.fromkeys(POLICE, Manner(ring_s=0.1, talk_s=0.2))
NO_GUARD = (
    "import ivr.channel as c; c.Channel.arm_guard = lambda self, s: self.set_variable('X', s)"
)


@pytest.fixture(scope="module")
def system(tmp_path_factory: pytest.TempPathFactory) -> Iterator[System]:
    with running_system(tmp_path_factory.mktemp("prompt"), 131, seats=SEATS) as system:
        yield system


@pytest.fixture(autouse=True)
def _nothing_is_left_out(system: System) -> Iterator[None]:
    yield
    system.node.restart("ivr")
    for rung in (1, 2, 3):
        ask(system.node.home, f"dialplan set global L110_DOWN_{rung} 0")


def in_the_prompt(system: System) -> str:
    """A caller who has heard a second of it."""
    number = next(NUMBERS)
    system.town.call(number, [Stay(40)])
    wait_until(lambda: system.town.answered(number), "the answer", 10)
    answered_at = system.town.saw(number).answered_at or 0.0
    wait_until(lambda: time.time() > answered_at + INTO_THE_PROMPT_S, "a second of the prompt", 5)
    return number


def the_bridge(system: System) -> int:
    return system.node.processes["ivr"].pid


def the_local_script(system: System) -> int:
    """Of the one caller: a child of Asterisk."""
    tasks = Path(f"/proc/{system.node.processes['asterisk'].pid}/task")
    children = " ".join(file.read_text() for file in tasks.glob("*/children")).split()
    (script,) = (pid for pid in children if "fallback" in Path(f"/proc/{pid}/cmdline").read_text())
    return int(script)


ASKED_BY = pytest.mark.parametrize(
    ("who", "struck"),
    [
        pytest.param(
            the_bridge,
            signal.SIGKILL,
            id="the bridge is killed",
            marks=pytest.mark.fault("10", how="SIGKILL to the bridge a second into a prompt"),
        ),
        pytest.param(
            the_bridge,
            signal.SIGSTOP,
            id="the bridge is frozen",
            marks=pytest.mark.fault("5", how="SIGSTOP to the bridge a second into a prompt"),
        ),
        pytest.param(
            the_local_script,
            signal.SIGKILL,
            id="the local script is killed",
            marks=pytest.mark.fault("1", how="SIGKILL to the local script a second into a prompt"),
        ),
        pytest.param(
            the_local_script,
            signal.SIGSTOP,
            id="the local script is frozen",
            marks=pytest.mark.fault("1", how="SIGSTOP to the local script a second into a prompt"),
        ),
    ],
)


@ASKED_BY
def test_the_police_ring_within_the_menu_and_three_seconds(
    system: System, told: Finding, who: Callable[[System], int], struck: signal.Signals
) -> None:
    if who is the_local_script:
        system.node.processes["ivr"].stop()
    with nothing_left(system.node, told):
        number = in_the_prompt(system)
        pid = who(system)
        struck_at = time.time()
        os.kill(pid, struck)
        try:
            seen = system.town.ended(number, 60)
        finally:
            if struck == signal.SIGSTOP:
                os.kill(pid, signal.SIGKILL)
        told.caller.append(pol(system.town, seen, struck_at=struck_at, menu_s=menu_s()))
    row = system.call_of(number)
    assert (row.verdict, row.outcome) == ("police", "talked-to-police")
    told.records.append(in_words(row))


@pytest.mark.control("5", without="the guard of a prompt")
def test_control_without_its_guard_a_frozen_prompt_holds_the_caller(
    system: System, told: Finding
) -> None:
    start_bridge(system.node, NO_GUARD)
    number = in_the_prompt(system)
    struck_at, pid = time.time(), the_bridge(system)
    os.kill(pid, signal.SIGSTOP)
    wait_until(lambda: time.time() > struck_at + menu_s() + 5, "the time to be over", 30)
    os.kill(pid, signal.SIGKILL)
    seen = system.town.ended(number, 60)
    with pytest.raises(PoliceTooLate):
        pol(system.town, seen, struck_at=struck_at, menu_s=menu_s())
    told.caller.append("nobody rang until the frozen bridge was killed")
