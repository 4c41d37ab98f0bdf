"""A livelihood caller whom no operator can take: told so, called back, one key from the police."""

import time
from collections.abc import Callable
from pathlib import Path

import pytest

from db.models import CallRow
from scripts.asterisk_console import ask
from scripts.chaos.findings import Finding
from scripts.lab.callers import Press, Stay, Wait
from scripts.lab.footprint import footprint, wait_until_nothing_leaks
from scripts.lab.seats import Manner
from scripts.lab.telephone import Telephone
from scripts.lab.waiting import wait_until
from tests.faults.missing_seats import NEVER, is_paused
from tests.real_asterisk.retold import retold
from tests.real_asterisk.system import System, running_system

pytestmark = pytest.mark.real_asterisk
WAITS, BACK = "13800021001", "13800021002"
ROOM = {"lines": 10, "trunk_channels": 20}
WITHOUT_THE_RULE = "import routing.outcome as o; o._told_no_operator = lambda steps: False"
OPERATORS = ("7001", "7002")


def to_livelihood(system: System, number: str, *then: Press | Wait | Stay) -> None:
    system.town.call(number, [Press("2"), Wait(0.5), Press("1"), *then, Stay(60)])


def when(system: System, call: CallRow, kind: str) -> float:
    """Epoch seconds of the first step of that kind."""
    return min(step.at for step in system.steps_of(call) if step.kind == kind).timestamp()


def why(system: System, call: CallRow) -> str:
    (step,) = (step for step in system.steps_of(call) if step.kind == "overflow")
    return str(step.data["why"])


def overflowed(system: System) -> bool:
    return "L110_OVERFLOW" in system.node.settings.cel_path.read_text()


def waiting(system: System, queue: str) -> int:
    return ask(system.node.home, f"queue show {queue}").count("PJSIP/l110-trunk")


def wait_for(system: System, queue: str, callers: int) -> None:
    wait_until(lambda: waiting(system, queue) == callers, f"{callers} in {queue}", 20)


def assert_told_and_called_back(system: System, number: str, told: Finding, reason: str) -> None:
    """He heard the announcement to its end and was hung up; his ticket is one to call back."""
    seen = system.town.ended(number, 60)
    assert seen.talked == ()
    call = system.call_of(number)
    assert (call.outcome, call.ended_by) == ("told-no-operator", "system")
    assert why(system, call) == reason
    (ticket,) = system.tickets_of(call)
    assert (ticket.state, ticket.service_class) == ("call-back", "complaint")
    heard_s = (call.ended_at.timestamp() if call.ended_at else 0) - when(system, call, "overflow")
    assert heard_s > 5  # the announcement, and 3 s for a key after it
    told.caller.append(f"told so ({reason}) for {heard_s:.1f} s, then hung up")
    told.records.append(f"1 row, {call.outcome}, 1 ticket {ticket.state}")


def assert_key_leads_to_the_police(system: System, number: str, told: Finding) -> None:
    seen = system.town.ended(number, 60)
    assert [seat[0] for seat in seen.talked_to] == ["8"]
    call = system.call_of(number)
    (ticket,) = system.tickets_of(call)
    assert (call.outcome, ticket.state) == ("talked-to-police", "returned")
    told.caller.append("a second caller pressed * and talked to the police")


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
        system.town.call("13800021003", [Press("2"), Wait(0.5), Press("1"), Wait(2), Press("*"), Stay(30)])
        assert_told_and_called_back(system, WAITS, told, "LEAVEEMPTY")
        told_s = when(system, system.call_of(WAITS), "overflow") - gone_at
        assert told_s < within_s
        told.caller.append(f"told {told_s:.1f} s after his operators were gone")
        assert_key_leads_to_the_police(system, "13800021003", told)
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
        told.caller.append(f"two rings of 2 s unanswered: told {waited_s:.1f} s after he was queued")


FULL = "waiting_most = 1\n"


@pytest.mark.fault("26", how="one may wait in the livelihood queue, and one does")
def test_a_caller_for_whom_the_livelihood_queue_is_full_is_told_so_and_called_back(
    tmp_path: Path, told: Finding
) -> None:
    with running_system(
        tmp_path, 185, livelihood=("7001",), seats={"7001": NEVER}, settings=FULL, **ROOM
    ) as system:
        before = footprint(system.node)
        to_livelihood(system, "13800026001")
        wait_for(system, "livelihood", 1)
        to_livelihood(system, WAITS)
        to_livelihood(system, BACK, Wait(2), Press("*"))
        assert_key_leads_to_the_police(system, BACK, told)
        assert_told_and_called_back(system, WAITS, told, "FULL")
        assert waiting(system, "livelihood") == 1
        system.town.staff("7001", Manner(ring_s=0.2, talk_s=1))
        assert system.town.ended("13800026001", 60).talked_to == ("7001",)
        told.caller.append("the one who waited kept his place and was answered")
        told.leaks.append(wait_until_nothing_leaks(system.node, before))


@pytest.mark.control("26", without="the limit: waiting_most = 0")
def test_control_without_the_limit_he_waits_with_the_others(tmp_path: Path, told: Finding) -> None:
    with running_system(
        tmp_path, 185, livelihood=("7001",), seats={"7001": NEVER}, **ROOM
    ) as system:
        for number in ("13800026001", WAITS, BACK):
            to_livelihood(system, number)
        wait_for(system, "livelihood", 3)
        assert not overflowed(system)
        told.caller.append("three waited, nobody was told anything")


@pytest.mark.fault("26", how="three wait for the police where one may wait for an operator")
@pytest.mark.parametrize(
    "limited",
    [
        pytest.param(False, id="as-rendered"),
        pytest.param(
            True,
            id="limited",
            marks=pytest.mark.control("26", without="maxlen=0 of the police queue"),
        ),
    ],
)
def test_no_limit_turns_a_caller_away_from_the_police_queue(
    tmp_path: Path, told: Finding, limited: bool
) -> None:
    seats = {"8001": NEVER, "8199": NEVER}
    with running_system(
        tmp_path, 186, police=("8001",), seats=seats, settings=FULL, overflow_after_s=600, **ROOM
    ) as system:
        if limited:
            file = system.node.home.etc / "l110/queues.conf"
            file.write_text(file.read_text().replace("maxlen=0", "maxlen=1"))
            ask(system.node.home, "queue reload all")
        for number in ("13800026101", "13800026102", "13800026103"):
            system.town.call(number, [Press("1"), Stay(60)])
        if limited:
            wait_until(lambda: overflowed(system), "a caller who is turned away", 20)
            return
        wait_for(system, "police", 3)
        assert not overflowed(system)
        told.caller.append("three police callers wait in one queue")
