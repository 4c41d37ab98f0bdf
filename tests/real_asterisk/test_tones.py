"""What a seat does with its caller is told by a tone, to the seat and to the caller.

Everybody here is a telephone with an ear; the caller's stands at the switch.
"""

from collections.abc import Iterator

import pytest

from scripts.asterisk_console import ask
from scripts.lab.seats import Manner
from scripts.lab.telephone import Telephone
from scripts.lab.waiting import NeverHappened, wait_until
from tests.real_asterisk.given import press_in_talk
from tests.real_asterisk.system import System, running_system

ASKED_IN, HANDED_OVER, NOT_JOINED = 660, 880, 330
RING_S = 3
TALKS = Manner(ring_s=0.2, talk_s=40)


@pytest.fixture(scope="module")
def system(tmp_path_factory: pytest.TempPathFactory) -> Iterator[System]:
    with running_system(
        tmp_path_factory.mktemp("tones"),
        67,
        settings=f"[seat_keys]\nthird_ring_s = {RING_S}\n",
        police=("8001",),
        livelihood=("7001",),
        registered=("8001", "7001"),
    ) as system:
        yield system


@pytest.fixture
def seat(system: System) -> Iterator[Telephone]:
    yield system.telephones.staff("8001", TALKS)
    system.telephones.leave()


@pytest.fixture
def caller(system: System, seat: Telephone) -> Iterator[Telephone]:
    """Keyed 1, and talks to the seat."""
    plan = system.town.plan
    place = (plan.switch_host, plan.switch_port)
    telephone = Telephone(plan.callers_host, place, f"139{len(system.calls()):08d}").start()
    talk = telephone.call("110")
    telephone.wait_for("answered", timeout_s=10)
    telephone.press("1", talk)
    seat.wait_for("answered", timeout_s=15)
    yield telephone
    telephone.stop()
    system.assert_nothing_outlives_its_call()


def hears(telephone: Telephone, hz: int, within_s: float = 5) -> bool:
    try:
        wait_until(lambda: telephone.talk.sound.hears(hz), f"{hz} Hz", within_s)
    except NeverHappened:
        return False
    return True


def test_both_hear_that_somebody_is_asked_in_and_that_he_did_not_come(
    system: System, seat: Telephone, caller: Telephone
) -> None:
    system.telephones.staff("7001", Manner(answers=False))
    assert not hears(caller, ASKED_IN, 1)
    press_in_talk(system, seat, "*3")
    assert hears(caller, ASKED_IN)
    assert hears(seat, ASKED_IN, 1)
    assert hears(caller, NOT_JOINED, RING_S + 5)
    assert hears(seat, NOT_JOINED, 1)


@pytest.mark.control(without="the tone in the caller's ear; the tone to the seat")
def test_control_without_their_tones_neither_hears_that_somebody_is_asked_in(
    system: System, seat: Telephone, caller: Telephone
) -> None:
    system.telephones.staff("7001", Manner(answers=False))
    line = "Originate(Local/asked-in@l110-tone"
    with (
        system.config_changed("handover.conf", line, "NoOp(" + line[10:], "dialplan reload"),
        system.config_changed(
            "handover.conf", "Playback(l110/asked-in)", "NoOp", "dialplan reload"
        ),
    ):
        press_in_talk(system, seat, "*3")
        assert not hears(caller, ASKED_IN, 2)
        assert not hears(seat, ASKED_IN, 0.5)


@pytest.mark.parametrize(
    "told", [True, pytest.param(False, marks=pytest.mark.control(without="the tone"))]
)
def test_a_caller_whom_an_operator_hands_back_hears_that_he_was_handed_over(
    system: System, told: bool
) -> None:
    operator = system.telephones.staff("7001", TALKS)
    seat = system.telephones.staff("8001", Manner(ring_s=3, talk_s=40))
    plan = system.town.plan
    place = (plan.switch_host, plan.switch_port)
    caller = Telephone(plan.callers_host, place, f"139{len(system.calls()):08d}").start()
    kept = "Playback(l110/handed-over)\n same => n,Goto(l110-return,s,1)"
    without = "Goto(l110-return,s,1)"
    with system.config_changed("handover.conf", kept, kept if told else without, "dialplan reload"):
        talk = caller.call("110")
        caller.wait_for("answered", timeout_s=10)
        caller.press("2", talk)
        wait_until(lambda: "l110-livelihood" in channels(system), "the second menu", 15)
        caller.press("1", talk)
        operator.wait_for("answered", timeout_s=15)
        press_in_talk(system, operator, "*1")
        assert hears(caller, HANDED_OVER, 2) is told
        seat.wait_for("answered", timeout_s=10)
    caller.stop()
    system.telephones.leave()
    system.assert_nothing_outlives_its_call()


def channels(system: System) -> str:
    return ask(system.node.home, "core show channels concise")


@pytest.mark.parametrize(
    "told", [True, pytest.param(False, marks=pytest.mark.control(without="it"))]
)
def test_a_seat_hears_that_its_key_was_understood(
    system: System, seat: Telephone, caller: Telephone, told: bool
) -> None:
    system.telephones.staff("7001", TALKS)
    kept = "Playback(l110/handed-over)"
    with system.config_changed("handover.conf", kept, kept if told else "NoOp", "dialplan reload"):
        talk = seat.talk
        press_in_talk(system, seat, "*2")
        seat.wait_for("ended")
        assert talk.sound.hears(HANDED_OVER) is told
