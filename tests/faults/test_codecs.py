"""An INVITE with one codec only: nearly all are ours; for the rest the switch rings the police."""

import time
from collections.abc import Iterator
from contextlib import AbstractContextManager

import pytest

from db.engine import reading
from reports.audit import audit_calls
from reports.switch_list import SwitchLeg
from scripts.chaos.findings import Finding
from scripts.lab.callers import Stay
from scripts.lab.seats import Manner
from scripts.lab.sip_dialog import sdp
from scripts.lab.sip_message import Message
from tests.faults.raw_sip import RawSip, raw_sip
from tests.real_asterisk.system import System, running_system
from tests.seen import nothing_left, pol

SEATS = ("8001", "8002", "8003")
OURS = "allow=alaw,ulaw,g722,opus,amr,gsm,g726,speex,slin"
PAYLOADS = {
    "PCMA/8000": 8,
    "PCMU/8000": 0,
    "G722/8000": 9,
    "GSM/8000": 3,
    "opus/48000/2": 96,
    "AMR/8000": 97,
    "G726-32/8000": 98,
    "speex/8000": 99,
}
G729 = ("G729/8000", 18)


@pytest.fixture(scope="module")
def system(tmp_path_factory: pytest.TempPathFactory) -> Iterator[System]:
    seats = dict.fromkeys(SEATS, Manner(ring_s=0.1, talk_s=1))
    root = tmp_path_factory.mktemp("codecs")
    with running_system(root, 212, police=SEATS, lines=20, seats=seats) as system:
        yield system


@pytest.fixture
def switch(system: System) -> Iterator[RawSip]:
    sip = system.node.settings.sip
    with raw_sip(sip.switch_host, (sip.host, sip.port)) as raw:
        yield raw


def only(system: System, allowed: str) -> AbstractContextManager[None]:
    """The node's trunk takes these codecs and no other."""
    return system.config_changed("pjsip.conf", OURS, allowed, "module reload res_pjsip.so")


def offered(switch: RawSip, number: str, codec: str, payload: int) -> tuple[Message, int, float]:
    """The INVITE with this one codec, its final status, and after how many seconds that came."""
    host = switch.at.partition(":")[0]
    body = (
        sdp(host, 40000)
        .replace(" 8 101", f" {payload} 101")
        .replace("8 PCMA/8000", f"{payload} {codec}")
    )
    assert f"a=rtpmap:{payload} {codec}\r\n" in body
    invite = switch.invite(number, body)
    began = time.monotonic()
    switch.say(invite.encode())
    status = switch.final()
    took_s = time.monotonic() - began
    if status == 200:
        answer = next(m for m in reversed(switch.heard) if m.status == 200 and m.method == "INVITE")
        switch.hang_up(invite, answer)
        assert switch.final() == 200
    return invite, status, took_s


@pytest.mark.fault("63", how="INVITEs with one codec of the superset alone")
def test_a_caller_with_any_one_codec_of_the_superset_is_answered(
    system: System, switch: RawSip, told: Finding
) -> None:
    took: list[float] = []
    with nothing_left(system.node, told):
        for place, (codec, payload) in enumerate(PAYLOADS.items()):
            number = f"1380000631{place}"
            _, status, took_s = offered(switch, number, codec, payload)
            assert status == 200, codec
            assert system.call_of(number).outcome == "left-in-menu"
            took.append(took_s)
    names = ", ".join(codec.partition("/")[0] for codec in PAYLOADS)
    told.caller.append(f"answered with {names} alone, the slowest after {1000 * max(took):.0f} ms")
    told.records.append(f"{len(took)} calls, {len(took)} rows")


@pytest.mark.control("63", without="the superset: the trunk takes A-law alone")
def test_control_without_the_superset_most_of_these_are_refused(
    system: System, switch: RawSip, told: Finding
) -> None:
    with only(system, "allow=alaw"):
        found = {
            codec: offered(switch, f"1380000632{place}", codec, payload)[1]
            for place, (codec, payload) in enumerate(PAYLOADS.items())
        }
    assert [codec for codec, status in found.items() if status == 200] == ["PCMA/8000"]
    assert set(found.values()) == {200, 488}
    told.caller.append(f"{len(found) - 1} of {len(found)} refused by 488")


@pytest.mark.fault("63", how="an INVITE with G.729 alone")
def test_an_invite_with_no_codec_of_ours_is_refused_at_once_and_counted_by_the_switchs_list(
    system: System, switch: RawSip, told: Finding
) -> None:
    with nothing_left(system.node, told):
        invite, status, took_s = offered(switch, "13800006330", *G729)
        assert (status, system.node.channels()) == (488, [])
    with reading(system.engine) as session:
        report = audit_calls(session, [SwitchLeg(invite.get("Call-ID"), result="answered")])
    assert "missing" in {finding.kind for finding in report.findings}
    told.caller.append(f"G.729 alone: refused by 488 after {1000 * took_s:.0f} ms")
    told.records.append("G.729 alone: no row; the audit against the switch's list names its id")


@pytest.mark.fault("63", how="a real switch none of whose codecs the node takes")
def test_where_the_node_takes_no_codec_of_the_switch_the_switch_rings_the_police(
    system: System, told: Finding
) -> None:
    with nothing_left(system.node, told), only(system, "allow=g729"):
        system.town.call("13800006340", [Stay(30)])
        seen = system.town.ended("13800006340")
    assert seen.rang[0].via == "direct"
    assert [row for row in system.calls() if row.caller == "13800006340"] == []
    told.caller.append(
        f"no codec of the switch's: it rings the police itself, {pol(system.town, seen)}"
    )
    told.records.append("no codec of the switch's: no row; the switch's own list has the call")
