"""Who was asked in and stays alone with the caller hears him, and is heard by him.

Both are telephones with an ear. The packets of their voices have high numbers: those that
Asterisk's translation between two codecs drops after a talk of three (docs/decisions/0024).
"""

from collections.abc import Iterator
from contextlib import suppress
from functools import partial

import pytest

from scripts.lab.seats import Manner
from scripts.lab.sound import Sound
from scripts.lab.telephone import Telephone
from scripts.lab.waiting import NeverHappened, wait_until
from tests.real_asterisk.given import press_in_talk, three_talk
from tests.real_asterisk.system import System, running_system

TALKS = Manner(ring_s=0.2, talk_s=60)
CALLER_HZ, OPERATOR_HZ = 500, 900
HIGH = partial(Sound, first=40000)


@pytest.fixture(scope="module")
def system(tmp_path_factory: pytest.TempPathFactory) -> Iterator[System]:
    seats = ("8001", "7001")
    with running_system(
        tmp_path_factory.mktemp("left"),
        76,
        police=seats[:1],
        livelihood=seats[1:],
        registered=seats,
    ) as system:
        for number in seats:
            system.telephones.staff(number, TALKS).line.sound = HIGH
        yield system
        system.telephones.leave()


@pytest.fixture
def caller(system: System) -> Iterator[Telephone]:
    """Comes from the switch's address, keyed 1, and hums to the police."""
    sip, number = system.node.settings.sip, f"139{len(system.calls()):08d}"
    telephone = Telephone(sip.switch_host, (sip.host, sip.port), number).start()
    telephone.line.sound = HIGH
    talk = telephone.call("110")
    telephone.wait_for("answered", timeout_s=10)
    talk.sound.hum(CALLER_HZ)
    telephone.press("1", talk)
    system.telephones.at("8001").wait_for("answered", timeout_s=15)
    yield telephone
    telephone.stop()
    wait_until(lambda: system.telephones.at("7001").free, "the operator's leg to end", 10)
    system.assert_nothing_outlives_its_call()


def left_alone(system: System) -> Telephone:
    """The operator, whom the call-taker asked in before he left."""
    police, operator = system.telephones.at("8001"), system.telephones.at("7001")
    press_in_talk(system, police, "*3")
    three_talk(system)
    operator.talk.sound.hum(OPERATOR_HZ)
    police.hang_up()
    wait_until(lambda: system.node.largest_talk() == 2, "the call-taker to be gone", 15)
    return operator


def hears(telephone: Telephone, hz: int, within_s: float = 3) -> bool:
    """Whether the tone is in what comes from now on."""
    telephone.talk.sound.ear.clear()
    with suppress(NeverHappened):
        return wait_until(lambda: telephone.talk.sound.hears(hz), f"{hz} Hz", within_s)
    return False


def test_who_was_asked_in_hears_the_caller_and_is_heard_after_the_call_taker_has_left(
    system: System, caller: Telephone
) -> None:
    operator = left_alone(system)
    assert hears(operator, CALLER_HZ)
    assert hears(caller, OPERATOR_HZ)


@pytest.mark.control(without="one codec all the way")
def test_control_through_a_way_in_of_another_codec_neither_hears_the_other(
    system: System, caller: Telephone
) -> None:
    with system.config_changed("handover.conf", "aC(alaw)c(", "ac(", "dialplan reload"):
        operator = left_alone(system)
        assert not hears(operator, CALLER_HZ)
        assert not hears(caller, OPERATOR_HZ)
