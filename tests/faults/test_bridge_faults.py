"""A bridge that is there and does not do its work: every doubt ends at the police.

The local script is off, so that what is seen is the ladder's last rung.
"""

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import count

import pytest

from db.models import CallRow
from scripts.asterisk_console import ask
from scripts.chaos.findings import Finding
from scripts.lab.callers import HangUp, Stay, Wait
from scripts.lab.footprint import footprint, wait_until_nothing_leaks
from scripts.lab.seats import Manner
from scripts.lab.waiting import wait_until
from scripts.lab.witness import Witness
from tests.faults.agi_stub import (
    AgiStub,
    answers_late,
    closes,
    full_backlog,
    resets_in_the_prompt,
)
from tests.faults.agi_stub import Manner as StubManner
from tests.real_asterisk.protections import VERDICT_ASKED, Protection
from tests.real_asterisk.system import POLICE, System, running_system
from tests.seen import in_words, pol, pol_s

GUARD_S = 2
NO_SCRIPT = "/nowhere/fallback"
NUMBERS = (f"138000100{n:02d}" for n in count(1))
SEATS = dict.fromkeys(POLICE, Manner(ring_s=0.1, talk_s=0.2))
EXIT_ON_HANGUP = Protection(
    "l110-ladder",
    "s",
    "GotoIf($[0${GLOBAL(L110_DOWN_1)}",
    "MSet(AGIEXITONHANGUP=no,TIMEOUT(absolute)=0)",
)


@pytest.fixture(scope="module")
def system(tmp_path_factory: pytest.TempPathFactory) -> Iterator[System]:
    root = tmp_path_factory.mktemp("bridge")
    with running_system(root, 100, lines=10, trunk_channels=20, seats=SEATS) as system:
        ask(system.node.home, f"dialplan set global L110_FALLBACK {NO_SCRIPT}")
        yield system


@pytest.fixture(autouse=True)
def _nothing_is_left_out(system: System) -> Iterator[None]:
    yield
    for rung in (1, 2, 3):
        ask(system.node.home, f"dialplan set global L110_DOWN_{rung} 0")


@contextmanager
def in_the_bridges_place(system: System, manner: StubManner) -> Iterator[AgiStub]:
    agi = system.node.settings.agi
    system.node.processes["ivr"].stop()
    stub = AgiStub(agi.host, agi.port, manner)
    try:
        yield stub
    finally:
        stub.close()
        system.node.restart("ivr")


@contextmanager
def without_the_guard(system: System) -> Iterator[None]:
    ask(system.node.home, "dialplan set global L110_GUARD_S 0")
    try:
        yield
    finally:
        ask(system.node.home, f"dialplan set global L110_GUARD_S {GUARD_S}")


def called(system: System, stays_s: float = 30) -> Witness:
    """What the switch saw of a caller who presses nothing."""
    number = next(NUMBERS)
    system.town.call(number, [Stay(stays_s)])
    return system.town.ended(number, 60)


def one_row(system: System, seen: Witness) -> CallRow:
    """Of the police, and every leg with an end; `call_of` finds no second one."""
    row = system.call_of(seen.caller)
    assert (row.verdict, row.outcome) == ("police", "talked-to-police")
    assert [leg.ended_at is not None for leg in system.legs_of(row)] == [True]
    assert [step.kind for step in system.steps_of(row)].count("end") == 1
    return row


@pytest.mark.fault("2", how="the backlog of the bridge's port is full: the kernel drops the SYN")
def test_a_lost_syn_costs_the_caller_two_seconds(system: System, told: Finding) -> None:
    agi, before = system.node.settings.agi, footprint(system.node)
    system.node.processes["ivr"].stop()
    with full_backlog(agi.host, agi.port):
        first, next_one = called(system), called(system)
    system.node.restart("ivr")
    assert pol_s(system.town, first) >= GUARD_S
    assert pol_s(system.town, next_one) < 1.5
    row = one_row(system, first)
    assert row.bridge == "away"
    told.caller.append(pol(system.town, first))
    told.caller.append(f"the next caller: {pol(system.town, next_one)}")
    told.records.append(in_words(row))
    told.leaks.append(wait_until_nothing_leaks(system.node, before))


@pytest.mark.control("2", without="the ten seconds for which a rung that failed is left out")
def test_control_without_the_ten_seconds_every_caller_pays_for_the_lost_syn(
    system: System, told: Finding
) -> None:
    agi = system.node.settings.agi
    system.node.processes["ivr"].stop()
    ask(system.node.home, "dialplan set global L110_SKIP_S 0")
    with full_backlog(agi.host, agi.port):
        seen = [called(system), called(system)]
    ask(system.node.home, "dialplan set global L110_SKIP_S 10")
    system.node.restart("ivr")
    assert min(pol_s(system.town, one) for one in seen) >= GUARD_S
    told.caller.append("police rang after more than 2 s for the second caller, too")


BREAKS_OFF = pytest.mark.parametrize(
    ("manner", "begun_s"),
    [
        pytest.param(
            closes, 0, id="closes", marks=pytest.mark.fault("3", how="a stub closes at once")
        ),
        pytest.param(
            resets_in_the_prompt,
            1,
            id="resets",
            marks=pytest.mark.fault("4", how="a stub resets the connection while its prompt plays"),
        ),
    ],
)


@BREAKS_OFF
def test_a_bridge_that_breaks_off_leaves_the_caller_to_the_police(
    system: System, told: Finding, manner: StubManner, begun_s: float
) -> None:
    before = footprint(system.node)
    with in_the_bridges_place(system, manner) as stub:
        seen = called(system)
    assert len(stub.ended) == 1
    struck_at = stub.ended[0]
    assert struck_at >= seen.dialled_at + begun_s
    told.caller.append(pol(system.town, seen, struck_at=struck_at))
    row = one_row(system, seen)
    assert row.reason == "bridge-lost"
    told.records.append(in_words(row))
    told.leaks.append(wait_until_nothing_leaks(system.node, before))


@pytest.mark.parametrize(
    "manner",
    [
        pytest.param(
            manner,
            marks=pytest.mark.control(number, without="the verdict as the only truth: AGISTATUS"),
        )
        for number, manner in (("3", closes), ("4", resets_in_the_prompt))
    ],
)
def test_control_where_agistatus_is_believed_the_caller_is_lost(
    system: System, told: Finding, manner: StubManner
) -> None:
    number = next(NUMBERS)
    VERDICT_ASKED.take_out(system.node.home, number)
    with in_the_bridges_place(system, manner):
        system.town.call(number, [Stay(8)])
        seen = system.town.ended(number)
    assert seen.rang == ()
    told.caller.append("no police seat rang: the node hung up")


@pytest.mark.fault("8", how="a stub answers 5 s late, and then says livelihood")
def test_a_bridge_that_answers_late_is_not_waited_for(system: System, told: Finding) -> None:
    before = footprint(system.node)
    with in_the_bridges_place(system, answers_late) as stub:
        seen = called(system)
        wait_until(lambda: stub.ended, "the late answer", 10)
    assert pol_s(system.town, seen) >= GUARD_S
    row = one_row(system, seen)
    assert (row.reason, row.released_at) == ("guard", None)
    told.caller.append(pol(system.town, seen))
    told.records.append(in_words(row))
    told.leaks.append(wait_until_nothing_leaks(system.node, before))


@pytest.mark.control("8", without="the guard")
def test_control_without_the_guard_the_late_answer_moves_the_caller(
    system: System, told: Finding
) -> None:
    with without_the_guard(system), in_the_bridges_place(system, answers_late):
        seen = called(system, 8)
    assert [rang for rang in seen.rang if rang.at < seen.dialled_at + 5] == []
    row = system.call_of(seen.caller)
    assert (row.verdict, row.reason) == ("livelihood", "rule")
    told.caller.append("nobody rang for 5 s, and then he was released")


@contextmanager
def frozen(system: System) -> Iterator[None]:
    system.node.processes["ivr"].signal(signal.SIGSTOP)
    try:
        yield
    finally:
        system.node.processes["ivr"].signal(signal.SIGCONT)
        system.node.restart("ivr")


@pytest.mark.fault("6", how="the caller's BYE one second into a frozen bridge (SIGSTOP)")
def test_who_leaves_a_frozen_bridge_leaves_no_channel(system: System, told: Finding) -> None:
    before, number = footprint(system.node), next(NUMBERS)
    with frozen(system):
        system.town.call(number, [Wait(1), HangUp()])
        seen = system.town.ended(number)
        wait_until(lambda: not system.node.channels(), "his channel to go", 15)
        told.leaks.append(wait_until_nothing_leaks(system.node, before))
    assert (seen.rang, system.node.slots_in_use()) == ((), 0)
    row = system.call_of(number)
    assert (row.outcome, row.ended_by) == ("left-in-menu", "caller")
    told.caller.append("left after 1 s; no channel and no slot of his was left within 5 s")
    told.records.append(f"1 row, {row.outcome}, ended by the {row.ended_by}")


@pytest.mark.control("6", without="AGIEXITONHANGUP")
def test_control_without_agiexitonhangup_the_channel_stays(system: System, told: Finding) -> None:
    number = next(NUMBERS)
    EXIT_ON_HANGUP.take_out(system.node.home, number)
    with frozen(system):
        system.town.call(number, [Wait(1), HangUp()])
        system.town.ended(number)
        with pytest.raises(AssertionError, match="his channel to go"):
            wait_until(lambda: not system.node.channels(), "his channel to go", 5)
    told.leaks.append("his channel stood there after 5 s, until the bridge was ended")
    system.assert_nothing_outlives_its_call()
