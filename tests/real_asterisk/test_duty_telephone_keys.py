"""A duty telephone (`dial:`) has the keys of a police seat."""

from collections.abc import Iterator

import pytest

from scripts.lab.callers import Press, Stay, Wait
from scripts.lab.seats import Manner
from scripts.lab.town import DUTY_TELEPHONE
from tests.real_asterisk.system import System, running_system

DUTY = {DUTY_TELEPHONE: Manner(ring_s=0.2, talk_s=8, keys="*2")}


@pytest.fixture(scope="module")
def system(tmp_path_factory: pytest.TempPathFactory) -> Iterator[System]:
    root, outside = tmp_path_factory.mktemp("duty"), f"dial:{DUTY_TELEPHONE}"
    with running_system(root, 68, destinations=(outside,), seats=DUTY) as system:
        yield system


def talked_to(system: System, number: str) -> tuple[str, ...]:
    system.town.call(number, [Press("1"), Wait(4), Press("1"), Stay(40)])
    return system.town.ended(number, 60).talked_to


def test_its_key_hands_the_caller_over_and_it_is_free(system: System) -> None:
    duty, operator = talked_to(system, "13800000001")
    assert (duty, operator[0]) == (DUTY_TELEPHONE, "7")
    assert system.town.seat_is_free(DUTY_TELEPHONE)
    call = system.call_of("13800000001")
    assert (call.reason, call.outcome) == ("call-taker", "talked-to-livelihood")
    ticket = system.ticket_of(call)
    assert ticket is not None
    assert ticket.state == "new"
    system.assert_nothing_outlives_its_call()


@pytest.mark.control(without="the keys of the talk with a duty telephone")
def test_control_without_the_keys_of_its_talk_it_hands_nobody_over(system: System) -> None:
    given = "__DYNAMIC_FEATURES=${L110_POLICE_KEYS},__L110_CHANNEL=${CHANNEL},__L110_QUEUE=police-d"
    none = given.replace("${L110_POLICE_KEYS}", "")
    with system.config_changed("extensions.conf", given, none, "dialplan reload"):
        assert talked_to(system, "13800000002") == (DUTY_TELEPHONE,)
    assert system.call_of("13800000002").released_at is None
