"""Calls that are in a talk when their node dies or freezes: what clears them, and when.

Both nodes live and die at the same time, so that the waiting is done once.
"""

import signal
import time
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from scripts.asterisk_console import ask
from scripts.chaos.findings import Finding
from scripts.lab.callers import Press, Stay
from scripts.lab.footprint import footprint, wait_until_nothing_leaks
from scripts.lab.seats import Manner
from scripts.lab.waiting import wait_until
from tests.real_asterisk.system import System, running_system

SESSION_S = 90  # what the switch asks for: no side believes in a silent one for longer
# The refresh at half the session's time, and then the BYE, each go unanswered for SIP's 32 s.
CLEARED_WITHIN_S = SESSION_S / 2 + 32 + 32 + 5
UNTIMED, TIMED, NEW = "13800010301", "13800010302", "13800010303"
SEATS = {"8001": Manner(ring_s=0.2, talk_s=400), "8002": Manner(ring_s=0.2, talk_s=400)}
TRUNK = "[trunk](!,base)\n"
INJECTED = {"killed": signal.SIGKILL, "frozen": signal.SIGSTOP}


class Scene:
    """A node with two talks. The switch asks for 90 s of one, and for its own 1,800 s of the other.

    Asterisk takes the session time that the caller's side asks for: its own 90 s are only what it
    asks for itself.
    """

    def __init__(self, system: System) -> None:
        self.system, self.at = system, 0.0
        self.talk(UNTIMED)
        trunks = system.town.switch.home.etc / "pjsip.conf"
        text = trunks.read_text()
        assert text.count(TRUNK) == 1
        trunks.write_text(text.replace(TRUNK, f"{TRUNK}timers_sess_expires={SESSION_S}\n"))
        ask(system.town.switch.home, "module reload res_pjsip.so")
        self.talk(TIMED)
        self.before = footprint(system.node)

    def talk(self, number: str) -> None:
        self.system.town.call(number, [Press("1"), Stay(400)])
        wait_until(lambda: self.system.in_a_talk(number), "the talk", 20)

    def inject(self, number: signal.Signals) -> None:
        self.at = time.time()
        self.system.node.processes["asterisk"].signal(number)

    def until_cleared(self) -> None:
        left_s = self.at + CLEARED_WITHIN_S - time.time()
        wait_until(lambda: self.ended_s(TIMED) is not None, "the switch to clear", left_s)

    def ended_s(self, number: str) -> float | None:
        """Seconds from the fault to the end of that call at the switch."""
        ended_at = self.system.town.saw(number).ended_at
        return None if ended_at is None else ended_at - self.at


@pytest.fixture(scope="module")
def scenes(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Scene]]:
    with ExitStack() as stack:
        scenes: dict[str, Scene] = {}
        for place, name in enumerate(INJECTED, 103):
            root: Path = tmp_path_factory.mktemp(name)
            started = running_system(
                root, place, police=("8001", "8002"), lines=10, trunk_channels=20, seats=SEATS
            )
            scenes[name] = Scene(stack.enter_context(started))
        for name, number in INJECTED.items():
            scenes[name].inject(number)
        for scene in scenes.values():
            scene.until_cleared()
        yield scenes


BOTH = pytest.mark.parametrize("name", INJECTED)


@pytest.mark.control("18", "19", without="a short session time at the switch: it asks for 1,800 s")
@BOTH
def test_control_a_switch_that_asks_for_a_long_session_holds_the_dead_call(
    scenes: dict[str, Scene], told: Finding, name: str
) -> None:
    """Asked first: the next test brings the nodes back."""
    scene = scenes[name]
    assert scene.ended_s(UNTIMED) is None
    told.caller.append(f"still on the line {time.time() - scene.at:.0f} s after the fault")


@pytest.mark.fault("18", "19", how="kill -9 or SIGSTOP while a caller talks to a seat")
@BOTH
def test_a_talk_on_a_node_that_is_gone_is_cleared_by_the_switch_within_two_minutes(
    scenes: dict[str, Scene], told: Finding, name: str
) -> None:
    scene, system = scenes[name], scenes[name].system
    cleared_s = scene.ended_s(TIMED)
    assert cleared_s is not None
    assert cleared_s < CLEARED_WITHIN_S
    told.caller.append(f"silence, then cleared by the switch {cleared_s:.0f} s after the fault")
    system.town.call(NEW, [Stay(1)])
    assert [rang.via for rang in system.town.ended(NEW).rang][:1] == ["direct"]
    wake(system, name)
    for call in system.town.calls:
        call.stop()
    ask(system.town.switch.home, "channel request hangup all")
    ask(system.node.home, "channel request hangup all")
    outcomes = [system.call_of(number, 10).outcome for number in (TIMED, UNTIMED)]
    assert set(outcomes) == {"node-lost" if name == "killed" else "talked-to-police"}
    told.records.append(f"1 row each, {outcomes[0]}")
    told.leaks.append(wait_until_nothing_leaks(system.node, scene.before))


def wake(system: System, name: str) -> None:
    if name == "killed":
        system.node.restart("asterisk")
    else:
        system.node.processes["asterisk"].signal(signal.SIGCONT)
        wait_until(system.node.is_up, "Asterisk to wake", 10)
