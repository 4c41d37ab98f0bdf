"""Callers on a real switch, the second Asterisk, in each of its manners with a REFER.

All play at once; a protection is taken out for one caller by his number.
"""

from collections.abc import Iterator
from dataclasses import replace

import pytest

from db.engine import reading
from db.models import CallRow
from reports.audit import audit_calls
from reports.switch_list import read_switch_list
from scripts.lab.callers import Press, Stay
from scripts.lab.seats import Manner
from scripts.lab.waiting import wait_until
from tests.real_asterisk.protections import ENDS_THE_FIRST, FALLBACK, GUARD, Protection
from tests.real_asterisk.refer_ways import PROTECTED, without
from tests.real_asterisk.retold import WITHOUT_RULE, retold
from tests.real_asterisk.system import Records, System, running_system

GUARD_S = 2
SETTINGS = f'[release]\nmode = "refer"\n[queues]\nrefer_guard_s = {GUARD_S}\n'
SEATS = tuple(f"70{n:02d}" for n in range(1, 13))
PLAYED: tuple[tuple[str, Protection | None], ...] = (
    ("refuse", None),
    ("refuse", FALLBACK),
    ("unknown", None),
    ("unknown", FALLBACK),
    ("lose", None),
    ("lose", GUARD),
    ("late", None),
    ("late", ENDS_THE_FIRST),
    ("strip", None),
)


@pytest.fixture(scope="module")
def system(tmp_path_factory: pytest.TempPathFactory) -> Iterator[System]:
    with running_system(
        tmp_path_factory.mktemp("modes"),
        64,
        settings=SETTINGS,
        livelihood=SEATS,
        seats=dict.fromkeys(SEATS, Manner(ring_s=0.2, talk_s=6)),
        lines=12,
        trunk_channels=20,
    ) as system:
        for mode, lacks in PLAYED:
            begin(system, mode, lacks)
        for mode, lacks in PLAYED:
            system.town.ended(number(mode, lacks), 60)
        yield system


def number(mode: str, lacks: Protection | None = None) -> str:
    return f"1380000000{PLAYED.index((mode, lacks))}"


def begin(system: System, mode: str, lacks: Protection | None) -> None:
    """The manner holds for the leg that begins under it."""
    system.town.switch.take_refers(mode)
    caller = number(mode, lacks)
    if lacks:
        lacks.take_out(system.node.home, caller)
    system.town.call(caller, [Press("2"), Stay(40)])
    wait_until(lambda: system.town.trunk_legs(caller), f"{caller} to reach the node", 10)


def calls_of(system: Records, mode: str, lacks: Protection | None = None) -> list[CallRow]:
    """All of them, oldest first, once each has its end."""
    caller = number(mode, lacks)

    def over() -> list[CallRow]:
        rows = [row for row in system.calls() if row.caller == caller]
        return rows if rows and all(row.ended_at for row in rows) else []

    found = wait_until(over, f"the calls of {caller}", 15)
    return sorted(found, key=lambda row: row.call_id)


def is_kept(system: System, mode: str, lacks: Protection | None) -> bool:
    """Whether he stayed on his one leg, an operator talked to him, and a ticket is open."""
    (call,) = calls_of(system, mode, lacks)
    (ticket,) = system.tickets_of(call)
    talked = (call.outcome, call.release_mode) == ("talked-to-livelihood", "redirect")
    return talked and ticket.state == "new" and len(system.legs_of(call)) == 1


@pytest.mark.parametrize("lacks", [PROTECTED, without("the fallback", FALLBACK)])
@pytest.mark.parametrize("mode", ["refuse", "unknown"])
def test_a_caller_whom_the_switch_does_not_take_talks_to_an_operator_here(
    system: System, mode: str, lacks: Protection | None
) -> None:
    assert is_kept(system, mode, lacks) is (lacks is None)


@pytest.mark.parametrize("lacks", [PROTECTED, without("the guard", GUARD)])
def test_a_switch_that_brings_its_caller_nowhere_costs_no_more_than_the_guard(
    system: System, lacks: Protection | None
) -> None:
    """It has hung up: an operator gets an empty leg, and the caller's ticket."""
    assert is_kept(system, "lose", lacks)
    (call,) = calls_of(system, "lose", lacks)
    assert call.release_ms is not None
    assert (call.release_ms < (GUARD_S + 2) * 1000) is (lacks is None)


@pytest.mark.parametrize("lacks", [PROTECTED, without("its end", ENDS_THE_FIRST)])
def test_a_caller_who_comes_back_after_the_guard_meets_one_seat(
    system: System, lacks: Protection | None
) -> None:
    (call,) = calls_of(system, "late", lacks)
    assert (call.outcome, call.release_mode) == ("talked-to-livelihood", "refer")
    assert (len(system.legs_of(call)), len(system.tickets_of(call))) == (2, 1)
    seats = [step for step in system.steps_of(call) if step.kind == "seat"]
    assert len(seats) == (1 if lacks is None else 2)


@pytest.mark.parametrize("patch", [PROTECTED, without("the rule", WITHOUT_RULE)])
def test_a_switch_that_strips_the_id_makes_two_calls_and_two_tickets_of_one(
    system: System, patch: str | None
) -> None:
    """Nobody can say that they are one caller: he talks, and is called back once too often."""
    calls_of(system, "strip")
    with retold(system, patch or "") as again:
        first, second = calls_of(again, "strip")
        states = [ticket.state for call in (first, second) for ticket in again.tickets_of(call)]
        assert (second.reason, second.outcome) == ("livelihood-number", "talked-to-livelihood")
        assert (first.outcome == "released-not-returned") is (patch is None)
        assert (states == ["call-back", "new"]) is (patch is None)


@pytest.mark.fault("61", how="the switch hangs up before its final word on the REFER")
def test_the_audit_tells_which_channels_we_kept_after_the_switchs_were_gone(
    system: System,
) -> None:
    system.wait_for_the_store()
    listed = read_switch_list(system.town.switch.export_list())
    with reading(system.engine) as session:
        report = audit_calls(session, listed)
        blind = audit_calls(session, [replace(leg, ended_at=None) for leg in listed])
    assert report.clean, report.findings
    gone = [calls_of(system, mode, lacks)[0] for mode, lacks in PLAYED if mode in ("lose", "late")]
    firsts = {f"{leg.node} {leg.uniqueid}" for call in gone for leg in system.legs_of(call)[:1]}
    assert {one.subject for one in report.findings} == firsts
    assert all("our channel stayed" in one.explanation for one in report.findings)
    assert blind.count("apart") == 0, "control: without the switch's ends nothing shows"
