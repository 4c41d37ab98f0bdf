"""Callers whose number is withheld, missing, forged or unreadable: served, and told as such."""

import time
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager

import pytest

from db.models import CallRow
from scripts.asterisk_console import ask
from scripts.chaos.findings import Finding
from scripts.lab.callers import Action, Press, Stay, Wait
from tests.faults.patched import patched
from tests.faults.raw_sip import raw_sip
from tests.limits import dialplan_changed
from tests.real_asterisk.system import System, running_system
from tests.seen import in_words, nothing_left, rang

TO_POLICE: Sequence[Action] = [Wait(1), Press("1"), Stay(40)]
FORGED = {
    "138%0Aagi_x%3A%201": "3133380a6167695f783a2031",
    "138%0D%0AEvent%3A%20Bye": "3133380d0a4576656e743a20427965",
    "%D5%C5": "d5c5",
    "9" * 300: None,
    "$%7BSHELL(id)%7D&Local": None,
}
NUMBERS = ("B8", "B9", "B11", "B13", "B14")
FORGED_MARKED = [
    pytest.param(number, id=place, marks=pytest.mark.fault(place, how=f"From: {number[:40]}"))
    for place, number in zip(NUMBERS, FORGED, strict=True)
]

# Protections, for controls.
NUMBER_CHECKED = 'GotoIf(${REGEX("^[+]?[0-9]{3,20}$" ${CALLERID(num)})}?clean)'
KEPT_AS_TEXT = "Set(L110_RAW=${URIENCODE(${CALLERID(num)})})"
EVALUATED = "Set(L110_RAW=${URIENCODE(${EVAL(${CALLERID(num)})})})"
NUL_SEEN = (
    (' & ${REGEX("%2500" ${URIENCODE(${PJSIP_HEADER(read,From)})})} = 0]?known)', "]?known)"),
    ('GotoIf(${REGEX("%2500" ${L110_RAW})}?unreadable)', "NoOp()"),
)
WITHHELD_SEEN = 'ExecIf($["${CALLERID(pres):0:6}" = "prohib"]?MSet(L110_MARKS=withheld'
FORGED_SEEN = '"${L110_CALLER}" = "110"]?Set('
STORE_TAKES_ANY_NUMBER = "import re, routing.story as s; s.NUMBER = re.compile('(?s).')"


@pytest.fixture(scope="module")
def system(tmp_path_factory: pytest.TempPathFactory) -> Iterator[System]:
    with running_system(tmp_path_factory.mktemp("numbers"), 216, lines=10) as system:
        yield system


@pytest.mark.fault("B15", how="Privacy: id")
def test_a_withheld_number_is_known_to_the_police_and_marked(system: System, told: Finding) -> None:
    identity = "P-Asserted-Identity: <sip:13912345678@127.0.0.9>\nPrivacy: id\n"
    with nothing_left(system.node, told):
        system.town.call("anonymous", TO_POLICE, headers=identity)
        seen = system.town.ended("13912345678")
    call = system.call_of("13912345678")
    assert call.withheld
    assert call.outcome == "talked-to-police"
    told.caller.append(rang(seen))
    told.records.append(f"{in_words(call)}; his number, marked withheld")


@pytest.mark.fault("B16", how="no number at all")
def test_a_caller_without_any_number_is_served(system: System, told: Finding) -> None:
    before = {row.call_id for row in system.calls()}
    with nothing_left(system.node, told):
        began = time.time()
        system.town.call("anonymous", TO_POLICE)
        system.town.ended("anonymous")
    call = system.new_call(before)
    assert (call.caller, call.outcome) == ("unknown", "talked-to-police")
    assert [seat[0] for seat in system.seats_of(call.call_id)] == ["8"]
    told.caller.append(rang_after(system, call, began))
    told.records.append(f"{in_words(call)}; number unknown")


def rang_after(system: System, call: CallRow, began: float) -> str:
    """Where the switch cannot tell a ring by the caller's number: by the id of his call."""
    rings = (e for e in system.town.switch.events() if e.name == "SW_SEAT_RINGS")
    at = min(event.at for event in rings if event.facts["call"] == call.call_id)
    return f"police rang {1000 * (at - began):,.0f} ms after his telephone was started"


@pytest.mark.fault("B17", how="From: 110")
def test_a_caller_who_claims_to_be_110_is_served_and_flagged(system: System, told: Finding) -> None:
    with nothing_left(system.node, told):
        system.town.call("110", TO_POLICE)
        seen = system.town.ended("110")
    assert seen.talked_to
    row = system.call_of("110")
    assert "claims_to_be_110" in (row.marks or "")
    told.caller.append(rang(seen))
    told.records.append(f"{in_words(row)}; marked {row.marks}")


@pytest.mark.parametrize("number", FORGED_MARKED)
def test_a_forged_number_is_served_as_unknown_and_kept_in_hex(
    system: System, told: Finding, number: str
) -> None:
    before = {row.call_id for row in system.calls()}
    with nothing_left(system.node, told):
        began = time.time()
        assert system.town.call(number, TO_POLICE).wait(40)
    call = system.new_call(before)
    assert (call.caller, call.outcome) == ("unknown", "talked-to-police")
    assert call.caller_raw_hex
    if FORGED[number]:
        assert call.caller_raw_hex == FORGED[number]
    system.assert_nothing_outlives_its_call()
    told.caller.append(rang_after(system, call, began))
    told.records.append(f"{in_words(call)}; number unknown, {call.caller_raw_hex[:40]} in hex")


def left_in_menu(system: System, number: str) -> CallRow:
    """A call of the switch itself, hung up as soon as it is answered."""
    before, sip = {row.call_id for row in system.calls()}, system.node.settings.sip
    with raw_sip(sip.switch_host, (sip.host, sip.port)) as switch:
        invite = switch.invite(number)
        switch.say(invite.encode())
        assert switch.final() == 200
        answer = next(m for m in switch.heard if m.status == 200)
        switch.hang_up(invite, answer)
    return system.new_call(before)


@pytest.mark.fault("B10", how="%00 in the From, sent past a switch that would cut it itself")
@pytest.mark.parametrize("number", ["138%00", "13812345%00678", "%00"])
def test_a_number_that_asterisk_cuts_is_served_as_unknown_and_kept_as_it_came(
    system: System, told: Finding, number: str
) -> None:
    """What is left of it, as 13812345, would be somebody else's."""
    with nothing_left(system.node, told):
        call = left_in_menu(system, number)
    assert (call.caller, call.outcome) == ("unknown", "left-in-menu")
    assert "number_unreadable" in (call.marks or "")
    assert number.encode() in bytes.fromhex(call.caller_raw_hex or "")
    told.caller.append("answered; he hung up in the menu")
    told.records.append(f"{in_words(call)}; number unknown, his header kept in hex")


def test_a_number_as_it_should_be_is_on_record_as_it_is(system: System) -> None:
    system.town.call("13800000099", TO_POLICE)
    system.town.ended("13800000099")
    row = system.call_of("13800000099")
    assert (row.withheld, row.marks or "", row.caller_raw_hex) == (False, "", None)


def changed(system: System, old: str, new: str) -> AbstractContextManager[None]:
    return dialplan_changed(system.node, "extensions.conf", old, new)


def called(system: System, number: str) -> CallRow:
    """The row of a caller who was served."""
    before = {row.call_id for row in system.calls()}
    assert system.town.call(number, TO_POLICE).wait(40)
    return system.new_call(before)


@pytest.mark.parametrize(
    ("number", "caller", "raw_hex"),
    [
        pytest.param(
            number,
            caller,
            raw_hex,
            id=place,
            marks=pytest.mark.control(place, without="the dialplan's check of the number"),
        )
        for place, number, caller, raw_hex in (
            ("B8", "138%0Aagi_x%3A%201", "138", None),
            ("B9", "138%0D%0AEvent%3A%20Bye", "unknown", b"138\r".hex()),
            ("B11", "%D5%C5", "unknown", "d5c5"),
        )
    ],
)
def test_control_where_the_dialplan_lets_any_number_through_the_calls_start_is_lost(
    system: System, told: Finding, number: str, caller: str, raw_hex: str | None
) -> None:
    """A line break cuts the line of the feed, and the bridge's too: 138 is somebody else's number.

    Of D5 C5, which is no UTF-8, Asterisk writes no line at all. The bridge alone tells of them.
    """
    with changed(system, NUMBER_CHECKED, "Goto(clean)"):
        call = called(system, number)
    assert "start" not in {step.kind for step in system.steps_of(call)}
    assert (call.caller, call.caller_raw_hex, call.marks) == (caller, raw_hex, None)
    told.records.append(f"no start of it in the feed; number {caller}, {raw_hex} in hex, no mark")


@pytest.mark.parametrize(
    ("number", "caller"),
    [
        pytest.param(
            number,
            caller,
            id=place,
            marks=pytest.mark.control(
                place, without="the dialplan's check of the number, and the store's behind it"
            ),
        )
        for place, number, caller in (
            ("B13", "9" * 300, "9" * 79),  # Asterisk keeps no more
            ("B14", "$%7BSHELL(id)%7D&Local", "${SHELL(id)}"),
            ("B16", "anonymous", "anonymous"),
        )
    ],
)
def test_control_where_nobody_checks_a_number_it_is_on_record_as_the_callers_own(
    system: System, told: Finding, number: str, caller: str
) -> None:
    """With one of the two it is still unknown there."""
    with (
        changed(system, NUMBER_CHECKED, "Goto(clean)"),
        patched(system.node, "forward", STORE_TAKES_ANY_NUMBER),
    ):
        call = called(system, number)
    assert (call.caller, call.caller_raw_hex, call.marks) == (caller, None, None)
    told.records.append(f"number {caller[:40]}, no hex, no mark: as one to be called back")


@pytest.mark.control("B14", without="a number that is text alone, and a node without func_shell")
def test_control_where_a_number_is_evaluated_the_caller_runs_a_command_on_the_node(
    system: System, told: Finding
) -> None:
    ask(system.node.home, "module load func_shell.so")
    try:
        with changed(system, KEPT_AS_TEXT, EVALUATED):
            call = called(system, "$%7BSHELL(id)%7D&Local")
    finally:
        ask(system.node.home, "module unload func_shell.so")
    assert bytes.fromhex(call.caller_raw_hex or "").startswith(b"uid=")
    told.records.append("what `id` says of the node's user is on record as his number")


@pytest.mark.control("B10", without="the look for %00 in the header that the number came in")
@pytest.mark.parametrize(("number", "left"), [("138%00", "138"), ("13812345%00678", "13812345")])
def test_control_where_nobody_looks_for_a_nul_the_call_is_somebody_elses(
    system: System, told: Finding, number: str, left: str
) -> None:
    with changed(system, *NUL_SEEN[0]), changed(system, *NUL_SEEN[1]):
        call = left_in_menu(system, number)
    assert (call.caller, call.caller_raw_hex, call.marks) == (left, None, None)
    told.records.append(f"{number} is on record as {left}")


@pytest.mark.control("B15", without="the look for a number that is withheld")
def test_control_where_it_is_not_seen_a_withheld_number_is_like_any_other(
    system: System, told: Finding
) -> None:
    identity = "P-Asserted-Identity: <sip:13912345679@127.0.0.9>\nPrivacy: id\n"
    with changed(system, WITHHELD_SEEN, WITHHELD_SEEN.replace("prohib", "nobody")):
        system.town.call("anonymous", TO_POLICE, headers=identity)
        system.town.ended("13912345679")
    call = system.call_of("13912345679")
    assert (call.withheld, call.marks) == (False, None)
    told.records.append("his number, not marked: as one to be called back")


@pytest.mark.control("B17", without="the look for a caller who says that he is 110")
def test_control_where_it_is_not_seen_a_forged_110_is_like_any_other_number(
    system: System, told: Finding
) -> None:
    with changed(system, FORGED_SEEN, FORGED_SEEN.replace('110"]', 'nobody"]')):
        call = called(system, "110")
    assert (call.caller, call.marks) == ("110", None)
    told.records.append("110 is on record, not marked")
