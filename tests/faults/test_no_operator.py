"""A livelihood caller whom no operator can take: told so, called back, one key from the police."""

import time
from collections.abc import Callable
from pathlib import Path

import pytest

from scripts.asterisk_console import ask
from scripts.chaos.findings import Finding
from scripts.lab.callers import Press, Wait
from scripts.lab.footprint import footprint, wait_until_nothing_leaks
from scripts.lab.telephone import Telephone
from scripts.lab.waiting import wait_until
from tests.faults.missing_seats import NEVER, is_paused
from tests.faults.no_operator import (
    BACK,
    ROOM,
    WAITS,
    assert_key_leads_to_the_police,
    assert_told_and_called_back,
    overflowed,
    to_livelihood,
    wait_for,
    waiting,
    when,
)
from tests.real_asterisk.retold import retold
from tests.real_asterisk.system import System, running_system

pytestmark = pytest.mark.real_asterisk
WITHOUT_THE_RULE = "import routing.outcome as o; o._told_no_operator = lambda steps: False"
OPERATORS = ("7001", "7002")
LATER = "13800021003"


def with_empty_queue_kept(system: System) -> None:
    """For controls: callers come to and stay in a queue where nobody could answer."""
    file = system.node.home.etc / "l110/queues.conf"
    text = file.read_text().replace("joinempty=strict", "joinempty=yes")
    file.write_text(text.replace("leavewhenempty=strict", "leavewhenempty=no"))
    ask(system.node.home, "queue reload all")


@pytest.mark.fault("21", how="a livelihood queue without members")
def test_a_livelihood_caller_without_any_operator_is_told_so_and_called_back(
    tmp_path: Path, told: Finding
) -> None:
    with running_system(tmp_path, 185, livelihood=(), **ROOM) as system:
        before = footprint(system.node)
        to_livelihood(system, WAITS)
        to_livelihood(system, BACK, Wait(2), Press("*"))
        assert_key_leads_to_the_police(system, BACK, told)
        assert_told_and_called_back(system, WAITS, told, "JOINEMPTY")
        told.leaks.append(wait_until_nothing_leaks(system.node, before))


@pytest.mark.control("21", without="the rule that who was told so is to be called back")
def test_control_without_the_rule_his_ticket_is_like_any_other(
    tmp_path: Path, told: Finding
) -> None:
    with running_system(tmp_path, 185, livelihood=(), **ROOM) as system:
        to_livelihood(system, WAITS)
        assert_told_and_called_back(system, WAITS, told, "JOINEMPTY")
        system.wait_for_the_store()
        with retold(system, WITHOUT_THE_RULE) as again:
            (ticket,) = again.tickets_of(again.call_of(WAITS, 20))
            assert ticket.state == "new"
        told.records.append("told again without the rule: 1 ticket new, which nobody calls back")


@pytest.mark.control("21", "22", without="joinempty and leavewhenempty")
def test_control_in_a_queue_that_keeps_its_callers_he_waits_and_is_told_nothing(
    tmp_path: Path, told: Finding
) -> None:
    with running_system(tmp_path, 185, livelihood=(), **ROOM) as system:
        with_empty_queue_kept(system)
        to_livelihood(system, WAITS)
        wait_for(system, "livelihood", 1)
        time.sleep(8)  # what must not happen has no event
        assert waiting(system, "livelihood") == 1
        assert not overflowed(system)
        told.caller.append("waited 8 s in an empty queue, and was told nothing")


def unregister(telephones: list[Telephone]) -> None:
    assert [telephone.unregister() for telephone in telephones] == [200, 200]


def vanish(telephones: list[Telephone]) -> None:
    for telephone in telephones:
        telephone.vanish()


@pytest.mark.fault("22", how="both operators' telephones go while a caller waits for them")
@pytest.mark.parametrize(
    ("go", "within_s"),
    [
        pytest.param(unregister, 5 + 2, id="unregister"),
        pytest.param(vanish, 8 + 5 + 2, id="without-a-word"),
    ],
)
def test_a_caller_whose_operators_vanish_is_told_so_and_called_back(
    tmp_path: Path, told: Finding, go: Callable[[list[Telephone]], None], within_s: float
) -> None:
    """A ring that has begun lasts its 5 s; the node asks a telephone every 5 s, for 3 s."""
    with running_system(
        tmp_path, 186, livelihood=OPERATORS, registered=OPERATORS,
        settings="ring_s = 5\n[queues]\nmisses_until_pause = 0\n", **ROOM,
    ) as system:  # fmt: skip
        telephones = [system.telephones.staff(number, NEVER) for number in OPERATORS]
        before = footprint(system.node)
        to_livelihood(system, WAITS)
        to_livelihood(system, BACK)
        wait_for(system, "livelihood", 2)
        gone_at = time.time()
        go(telephones)
        wait_until(lambda: overflowed(system), "the announcement", within_s + 5)
        to_livelihood(system, LATER, Wait(2), Press("*"))
        for number in (WAITS, BACK):
            assert_told_and_called_back(system, number, told, "LEAVEEMPTY")
        told_s = when(system, system.call_of(WAITS), "overflow") - gone_at
        assert told_s < within_s
        told.caller.append(f"told {told_s:.1f} s after his operators were gone")
        assert_key_leads_to_the_police(system, LATER, told)
        told.leaks.append(wait_until_nothing_leaks(system.node, before))


@pytest.mark.fault("22", "23", how="the only operator is paused after two misses")
def test_a_caller_whose_only_operator_does_not_answer_is_told_so_and_called_back(
    tmp_path: Path, told: Finding
) -> None:
    with running_system(
        tmp_path, 186, livelihood=("7001",), seats={"7001": NEVER}, settings="ring_s = 2\n", **ROOM
    ) as system:
        to_livelihood(system, WAITS)
        assert_told_and_called_back(system, WAITS, told, "LEAVEEMPTY")
        call = system.call_of(WAITS)
        waited_s = when(system, call, "overflow") - when(system, call, "queued")
        assert waited_s < 2 * 2 + 4
        assert is_paused(system, "7001", "livelihood")
        told.caller.append(
            f"two rings of 2 s unanswered: told {waited_s:.1f} s after he was queued"
        )
