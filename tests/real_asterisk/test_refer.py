"""Release by REFER on a real switch: the trunk channel is gone while the caller talks on."""

from collections.abc import Iterator
from functools import partial

import pytest

from scripts.lab.callers import HangUp, Press, Stay, Wait
from scripts.lab.waiting import wait_until
from tests.real_asterisk.protections import Protection
from tests.real_asterisk.system import System, running_system

LIVELIHOOD_HERE = Protection("l110-release", "refer", "Transfer(", "Goto(redirect,1)")
REFER = '[release]\nmode = "refer"\n'


@pytest.fixture(scope="module")
def system(tmp_path_factory: pytest.TempPathFactory) -> Iterator[System]:
    with running_system(tmp_path_factory.mktemp("refer"), 13, settings=REFER, lines=2) as system:
        yield system


def test_the_police_channel_is_gone_while_the_same_caller_talks_to_livelihood(
    system: System,
) -> None:
    system.town.call("13800000001", [Press("2"), Wait(1), Press("1"), Stay(20)])
    wait_until(lambda: system.town.talks("13800000001"), "the talk to begin", 20)
    first, second = system.town.trunk_legs("13800000001")
    assert first.free_at is not None
    assert second.free_at is None
    up = system.town.switch.channels()  # what its own `core show channels` says
    assert first.channel not in up
    assert second.channel in up
    assert len(system.town.lines_in_use()) == 1
    assert system.town.police_lines_in_use() == 0

    system.town.ended("13800000001")
    call = system.call_of("13800000001")
    assert (call.outcome, call.release_mode) == ("talked-to-livelihood", "refer")
    assert [row.call_id for row in system.calls()].count(call.call_id) == 1
    ticket = system.ticket_of(call)
    assert ticket is not None
    assert (ticket.state, ticket.service_class) == ("new", "complaint")
    assert call.release_ms is not None
    assert call.trunk_free_ms is not None
    assert call.trunk_held_ms is not None
    assert call.release_ms <= call.trunk_free_ms < call.trunk_held_ms
    system.assert_nothing_outlives_its_call()


def test_control_without_the_refer_the_switch_shows_the_police_channel(system: System) -> None:
    LIVELIHOOD_HERE.take_out(system.node.home, "13800000004")
    system.town.call("13800000004", [Press("2"), Wait(1), Press("1"), Stay(20)])
    wait_until(lambda: system.town.talks("13800000004"), "the talk to begin", 20)
    (only,) = system.town.trunk_legs("13800000004")
    assert only.channel in system.town.switch.channels()
    system.town.ended("13800000004")


def test_two_lines_serve_four_livelihood_callers_one_after_the_other_in_one_talk_time(
    system: System,
) -> None:
    numbers = [f"1380000001{n}" for n in range(4)]
    for pair in (numbers[:2], numbers[2:]):
        for number in pair:
            system.town.call(number, [Press("2"), Wait(12), HangUp()])
        wait_until(partial(all_back, system, pair), "both to be on the livelihood trunk", 10)
        assert system.town.police_lines_in_use() == 0
    assert all(system.town.saw(number).ended_at is None for number in numbers)
    for number in numbers:
        assert system.town.ended(number).answered_at is not None


def all_back(system: System, numbers: list[str]) -> bool:
    return all(len(system.town.trunk_legs(number)) == 2 for number in numbers)


ANSWERED = " same => n(answer),Answer(,i)"


@pytest.mark.parametrize(
    ("answers", "number"),
    [
        (True, "13800000006"),
        pytest.param(False, "13800000007", marks=pytest.mark.control(without="its answer at once")),
    ],
)
def test_the_livelihood_trunk_answers_at_once_and_so_the_police_channel_is_gone_at_once(
    system: System, answers: bool, number: str
) -> None:
    rings = ANSWERED if answers else " same => n(answer),Wait(2)\n same => n,Answer(,i)"
    with system.config_changed("extensions.conf", ANSWERED, rings, "dialplan reload"):
        system.town.call(number, [Press("2"), Wait(1), Press("1"), Stay(20)])
        system.town.ended(number)
    free_ms = system.call_of(number).trunk_free_ms
    assert free_ms is not None
    assert (free_ms < 2000) is answers


def test_star_after_a_refer_brings_the_caller_back_to_the_police(system: System) -> None:
    # Twice, on a slow machine the first may come before he is back; the second is lost on a seat.
    star = Press("*")
    system.town.call("13800000002", [Press("2"), Wait(1.5), star, Wait(1.5), star, Stay(20)])
    assert [seat[0] for seat in system.town.ended("13800000002").talked_to] == ["8"]
    call = system.call_of("13800000002")
    assert (call.outcome, call.release_mode) == ("talked-to-police", "refer")


def test_a_call_to_the_livelihood_number_itself_holds_no_police_line(system: System) -> None:
    before = {row.call_id for row in system.calls()}
    system.town.call("13800000003", [Wait(0.5), Press("2"), Stay(20)], dial="livelihood")
    call = system.new_call(before, 30)
    assert (call.reason, call.outcome) == ("livelihood-number", "talked-to-livelihood")
    assert system.ticket_of(call) is not None


def test_the_audit_counts_both_legs_of_a_referred_call(system: System) -> None:
    system.wait_for_the_store()
    sent = [e.facts["sip"] for e in system.town.switch.events() if e.name == "SW_TRUNK"]
    assert sorted(leg.sip_call_id or "" for leg in system.legs()) == sorted(sent)
