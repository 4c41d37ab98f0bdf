"""The same path for other lines: codecs, keys, withheld and unreadable numbers, places."""

import time
from collections.abc import Iterator, Sequence

import pytest

from db.models import CallRow
from scripts.chaos.findings import Finding
from scripts.lab.callers import Action, Press, Stay, Wait
from tests.faults.raw_sip import raw_sip
from tests.real_asterisk.system import System, running_system
from tests.seen import in_words, nothing_left, rang

POLICE = [f"80{n:02d}" for n in range(1, 13)]
LIVELIHOOD = [f"70{n:02d}" for n in range(1, 9)]
TO_LIVELIHOOD: Sequence[Action] = [Wait(1), Press("2"), Wait(1), Press("1"), Stay(40)]
TO_POLICE: Sequence[Action] = [Wait(1), Press("1"), Stay(40)]
KEY_WAYS = ("alaw", "info")
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


@pytest.fixture(scope="module")
def system(tmp_path_factory: pytest.TempPathFactory) -> Iterator[System]:
    with running_system(
        tmp_path_factory.mktemp("manners"),
        4,
        police=POLICE,
        livelihood=LIVELIHOOD,
        lines=40,
        trunk_channels=80,
    ) as system:
        yield system


@pytest.mark.fault("B23", how="SIP INFO, and tones in the sound")
def test_keys_are_heard_in_alaw_by_info_and_in_the_sound(system: System, told: Finding) -> None:
    with nothing_left(system.node, told):
        for place, way in enumerate(KEY_WAYS):
            system.town.call(f"1380000000{place}", TO_LIVELIHOOD, dial=f"110-{way}")
        system.town.call("13800000002", TO_LIVELIHOOD, dial="110-inband", speaks=True)
        for place in range(3):
            seen = system.town.ended(f"1380000000{place}", 60)
            assert [seat[0] for seat in seen.talked_to] == ["7"]
            assert system.call_of(seen.caller).service_class == "complaint"
        system.assert_nothing_outlives_its_call()
    told.caller.append("keys in A-law, by SIP INFO and as tones: all three talked to livelihood")
    told.records.append("3 rows, each of the class that was keyed in the second menu")


@pytest.mark.control("B23", without="the hearing of tones: the trunk hears RFC 4733 alone")
def test_control_where_tones_are_not_heard_the_caller_is_with_the_police(
    system: System, told: Finding
) -> None:
    reload = "module reload res_pjsip.so"
    with system.config_changed("pjsip.conf", "dtmf_mode=auto", "dtmf_mode=rfc4733", reload):
        system.town.call("13800000003", TO_LIVELIHOOD, dial="110-inband", speaks=True)
        seen = system.town.ended("13800000003", 60)
    assert [seat[0] for seat in seen.talked_to] == ["8"]
    row = system.call_of("13800000003")
    assert (row.verdict, row.reason) == ("police", "no-key")
    told.caller.append(rang(seen))
    told.records.append(in_words(row))


def test_the_place_that_the_switch_sends_is_stored_and_rings_with_the_call(system: System) -> None:
    system.town.call("13800000101", TO_POLICE, dial="110-place")
    seen = system.town.ended("13800000101")
    assert "27.3405 117.4927" in (system.call_of("13800000101").location or "")
    assert "27.3405" in seen.rang[0].place


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


@pytest.mark.fault("B10", how="%00 in the From, sent past a switch that would cut it itself")
@pytest.mark.parametrize("number", ["138%00", "13812345%00678", "%00"])
def test_a_number_that_asterisk_cuts_is_served_as_unknown_and_kept_as_it_came(
    system: System, told: Finding, number: str
) -> None:
    """What is left of it, as 13812345, would be somebody else's."""
    before, sip = {row.call_id for row in system.calls()}, system.node.settings.sip
    with nothing_left(system.node, told), raw_sip(sip.switch_host, (sip.host, sip.port)) as switch:
        invite = switch.invite(number)
        switch.say(invite.encode())
        assert switch.final() == 200
        answer = next(m for m in switch.heard if m.status == 200)
        switch.hang_up(invite, answer)
    call = system.new_call(before)
    assert (call.caller, call.outcome) == ("unknown", "left-in-menu")
    assert "number_unreadable" in (call.marks or "")
    assert number.encode() in bytes.fromhex(call.caller_raw_hex or "")
    told.caller.append("answered; he hung up in the menu")
    told.records.append(f"{in_words(call)}; number unknown, his header kept in hex")


@pytest.mark.control(
    *NUMBERS, "B10", "B15", "B16", "B17", without="the fault: the number is one as it should be"
)
def test_control_a_number_as_it_should_be_is_on_record_as_it_is(
    system: System, told: Finding
) -> None:
    system.town.call("13800000099", TO_POLICE)
    seen = system.town.ended("13800000099")
    row = system.call_of("13800000099")
    assert (row.withheld, row.marks or "", row.caller_raw_hex) == (False, "", None)
    told.caller.append(rang(seen))
    told.records.append(f"{in_words(row)}; his number, no mark, no hex")
