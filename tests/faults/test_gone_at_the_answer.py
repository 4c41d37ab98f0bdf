"""Who hangs up in the instant of the answer was answered, as the switch says too."""

from collections.abc import Iterator

import pytest

from scripts.lab.seats import Manner
from scripts.lab.sip_message import cancel_of
from tests.faults.raw_sip import RawSip, raw_sip
from tests.real_asterisk.protections import Protection
from tests.real_asterisk.system import System, running_system

# In its place the answered channel waits: whoever hangs up now was never noted as answered.
ANSWERS = Protection("l110-ladder", "s", "Answer(", "Wait(5)")
NOTES_THE_ANSWER = Protection("l110-ladder", "s", "MSet(L110_ANSWERED=", "Wait(5)")
LOOKS_AT_THE_END = Protection("l110-end", "s", 'ExecIf($["${L110_ANSWERED}" = ""')


@pytest.fixture(scope="module")
def system(tmp_path_factory: pytest.TempPathFactory) -> Iterator[System]:
    root = tmp_path_factory.mktemp("gone")
    with running_system(root, 214, police=("8001",), lines=4, seats={"8001": Manner()}) as system:
        yield system


@pytest.fixture
def switch(system: System) -> Iterator[RawSip]:
    sip = system.node.settings.sip
    with raw_sip(sip.switch_host, (sip.host, sip.port)) as raw:
        yield raw


def hangs_up_at_the_answer(system: System, switch: RawSip, number: str) -> str | None:
    """The outcome on record."""
    NOTES_THE_ANSWER.take_out(system.node.home, number)
    invite = switch.invite(number)
    switch.say(invite.encode())
    assert switch.final() == 200
    switch.hang_up(invite, next(m for m in switch.heard if m.status == 200))
    return system.call_of(number).outcome


def test_who_hangs_up_in_the_instant_of_the_answer_left_in_the_menu(
    system: System, switch: RawSip
) -> None:
    assert hangs_up_at_the_answer(system, switch, "13800000001") == "left-in-menu"


def test_control_without_a_look_at_the_end_he_would_have_left_before_the_answer(
    system: System, switch: RawSip
) -> None:
    LOOKS_AT_THE_END.take_out(system.node.home, "13800000002")
    assert hangs_up_at_the_answer(system, switch, "13800000002") == "left-before-answer"


def test_who_gives_up_before_the_answer_left_before_it(system: System, switch: RawSip) -> None:
    ANSWERS.take_out(system.node.home, "13800000003")
    invite = switch.invite("13800000003")
    switch.say(invite.encode())
    assert switch.listen(1, until_final=0)[:1] == [100]
    switch.say(cancel_of(invite).encode())
    assert switch.final() == 200, "of the CANCEL"
    assert system.call_of("13800000003").outcome == "left-before-answer"
