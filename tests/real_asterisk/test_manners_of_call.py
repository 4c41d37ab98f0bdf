"""The same path for other lines: codecs, keys, withheld and unreadable numbers, places."""

from collections.abc import Iterator, Sequence

import pytest

from scripts.lab.callers import Action, Press, Stay, Wait
from tests.real_asterisk.system import System, running_system

POLICE = [f"80{n:02d}" for n in range(1, 13)]
LIVELIHOOD = [f"70{n:02d}" for n in range(1, 9)]
TO_LIVELIHOOD: Sequence[Action] = [Wait(1), Press("2"), Wait(1), Press("1"), Stay(40)]
TO_POLICE: Sequence[Action] = [Wait(1), Press("1"), Stay(40)]
KEY_WAYS = ("alaw", "info")
FORGED = {
    "138%0Aagi_x%3A%201": "3133380a6167695f783a2031",
    "138%0D%0AEvent%3A%20Bye": "3133380d0a4576656e743a20427965",
    "$%7BSHELL(id)%7D&Local": None,
    "9" * 300: None,
    "%D5%C5": "d5c5",
}


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
def test_keys_are_heard_in_alaw_by_info_and_in_the_sound(system: System) -> None:
    for place, way in enumerate(KEY_WAYS):
        system.town.call(f"1380000000{place}", TO_LIVELIHOOD, dial=f"110-{way}")
    system.town.call("13800000002", TO_LIVELIHOOD, dial="110-inband", speaks=True)
    for place in range(3):
        seen = system.town.ended(f"1380000000{place}", 60)
        assert [seat[0] for seat in seen.talked_to] == ["7"]
        assert system.call_of(seen.caller).service_class == "complaint"
    system.assert_nothing_outlives_its_call()


def test_the_place_that_the_switch_sends_is_stored_and_rings_with_the_call(system: System) -> None:
    system.town.call("13800000101", TO_POLICE, dial="110-place")
    seen = system.town.ended("13800000101")
    assert "27.3405 117.4927" in (system.call_of("13800000101").location or "")
    assert "27.3405" in seen.rang[0].place


@pytest.mark.fault("B15", how="Privacy: id")
def test_a_withheld_number_is_known_to_the_police_and_marked(system: System) -> None:
    identity = "P-Asserted-Identity: <sip:13912345678@127.0.0.9>\nPrivacy: id\n"
    system.town.call("anonymous", TO_POLICE, headers=identity)
    system.town.ended("13912345678")
    call = system.call_of("13912345678")
    assert call.withheld
    assert call.outcome == "talked-to-police"


@pytest.mark.fault("B16", how="no number at all")
def test_a_caller_without_any_number_is_served(system: System) -> None:
    before = {row.call_id for row in system.calls()}
    system.town.call("anonymous", TO_POLICE)
    system.town.ended("anonymous")
    call = system.new_call(before)
    assert (call.caller, call.outcome) == ("unknown", "talked-to-police")
    assert [seat[0] for seat in system.seats_of(call.call_id)] == ["8"]


@pytest.mark.fault("B17", how="From: 110")
def test_a_caller_who_claims_to_be_110_is_served_and_flagged(system: System) -> None:
    system.town.call("110", TO_POLICE)
    assert system.town.ended("110").talked_to
    assert "claims_to_be_110" in (system.call_of("110").marks or "")


@pytest.mark.fault("B8", "B9", "B10", "B11", "B13", "B14", how="in the From of an INVITE")
@pytest.mark.parametrize("number", FORGED, ids=range(len(FORGED)))
def test_a_forged_number_is_served_as_unknown_and_kept_in_hex(system: System, number: str) -> None:
    before = {row.call_id for row in system.calls()}
    assert system.town.call(number, TO_POLICE).wait(40)
    call = system.new_call(before)
    assert (call.caller, call.outcome) == ("unknown", "talked-to-police")
    assert call.caller_raw_hex
    if FORGED[number]:
        assert call.caller_raw_hex == FORGED[number]
    system.assert_nothing_outlives_its_call()
