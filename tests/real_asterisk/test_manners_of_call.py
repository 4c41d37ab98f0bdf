"""The same path for other lines: codecs, keys, places."""

from collections.abc import Iterator, Sequence

import pytest

from scripts.chaos.findings import Finding
from scripts.lab.callers import Action, Press, Stay, Wait
from tests.real_asterisk.system import System, running_system
from tests.seen import in_words, nothing_left, rang

POLICE = [f"80{n:02d}" for n in range(1, 13)]
LIVELIHOOD = [f"70{n:02d}" for n in range(1, 9)]
TO_LIVELIHOOD: Sequence[Action] = [Wait(1), Press("2"), Wait(1), Press("1"), Stay(40)]
TO_POLICE: Sequence[Action] = [Wait(1), Press("1"), Stay(40)]
KEY_WAYS = ("alaw", "info")


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
