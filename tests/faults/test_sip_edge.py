"""Bad SIP, sent as bytes: the process lives, the next caller is served, and one call is one row."""

import itertools
import re
from collections.abc import Iterator

import pytest

from db.engine import reading
from reports.audit import audit_calls
from reports.switch_list import SwitchLeg
from scripts.asterisk_console import ask
from scripts.chaos.findings import Finding
from scripts.lab.callers import Press, Stay
from scripts.lab.footprint import footprint, wait_until_nothing_leaks
from scripts.lab.seats import Manner
from scripts.lab.sip_dialog import sdp
from scripts.lab.sip_message import Message
from scripts.lab.waiting import wait_until
from tests.faults.raw_sip import RawSip, branch, raw_sip, with_header
from tests.real_asterisk.system import System, running_system

SEATS = ("8001", "8002", "8003")
TURNS = itertools.count(1)
HEADER_OF_64_KB = 64 * 1024 - 800  # the rest of the datagram is the rest of the INVITE


@pytest.fixture(scope="module")
def system(tmp_path_factory: pytest.TempPathFactory) -> Iterator[System]:
    seats = dict.fromkeys(SEATS, Manner(ring_s=0.1, talk_s=1))
    root = tmp_path_factory.mktemp("edge")
    with running_system(root, 140, police=SEATS, lines=8, seats=seats) as system:
        yield system


@pytest.fixture
def switch(system: System) -> Iterator[RawSip]:
    sip = system.node.settings.sip
    with raw_sip(sip.switch_host, (sip.host, sip.port)) as raw:
        yield raw


@pytest.fixture(autouse=True)
def _lives_and_serves_the_next(system: System, told: Finding) -> Iterator[None]:
    """What every one of these comes to, whatever it was."""
    before, pid = footprint(system.node), system.node.processes["asterisk"].pid
    yield
    number = f"1390000{next(TURNS):04d}"
    system.town.call(number, [Press("1"), Stay(20)])
    assert system.town.ended(number).talked_to[0].startswith("8")
    assert system.call_of(number).outcome == "talked-to-police"
    assert system.node.processes["asterisk"].running
    assert system.node.processes["asterisk"].pid == pid
    told.caller.append("the next caller talked to the police, Asterisk is the same process")
    told.leaks.append(wait_until_nothing_leaks(system.node, before))


def answered(raw: RawSip) -> Message:
    return next(m for m in raw.heard if m.status == 200 and m.method == "INVITE")


def rows_of(system: System, number: str) -> list[str | None]:
    return [row.reason for row in system.calls() if row.caller == number]


@pytest.mark.fault("B42", how="an INVITE of the switch without Call-ID")
def test_an_invite_without_call_id_is_dropped(
    system: System, switch: RawSip, told: Finding
) -> None:
    switch.say(with_header(switch.invite("13800000042"), "Call-ID").encode())
    assert switch.final(1.5) in (0, 400)
    assert rows_of(system, "13800000042") == []
    told.records.append("no channel, no row")


@pytest.mark.fault("B43", how="an INVITE of the switch with Content-Length: -186")
def test_an_invite_with_a_negative_length_is_dropped(
    system: System, switch: RawSip, told: Finding
) -> None:
    good = switch.invite("13800000043").encode()
    switch.say(good.replace(b"Content-Length: ", b"Content-Length: -"))
    assert switch.final(1.5) in (0, 400)
    assert rows_of(system, "13800000043") == []
    told.records.append("no channel, no row")


@pytest.mark.control("B42", "B43", without="the fault: the same INVITE unspoilt")
def test_control_the_same_invite_unspoilt_is_a_call(system: System, switch: RawSip) -> None:
    """The protection is Asterisk's own parser, which no setting of ours turns off."""
    invite = switch.invite("13800000040")
    switch.say(invite.encode())
    assert switch.final() == 200
    switch.hang_up(invite, answered(switch))
    assert system.call_of("13800000040").outcome == "left-in-menu"


def with_a_big_header(invite: Message, value: str = "") -> Message:
    return with_header(invite, "X-Big", value or "a" * HEADER_OF_64_KB)


def with_a_hundred_vias(invite: Message, spoilt: str = "") -> Message:
    vias = [f"SIP/2.0/UDP 192.0.2.{n};branch={branch()}" for n in range(1, 100)]
    vias[50] = spoilt or vias[50]
    return with_header(invite, "Via", invite.get("Via"), *vias)


@pytest.mark.fault("B44", how="a header as large as a datagram can carry")
def test_an_invite_with_a_header_of_64_kb_is_one_call(
    system: System, switch: RawSip, told: Finding
) -> None:
    invite = with_a_big_header(switch.invite("13800000044"))
    assert len(invite.encode()) > 64_000
    assert_one_call(system, switch, invite, "13800000044", told)


@pytest.mark.fault("B45", how="100 Vias")
def test_an_invite_with_100_vias_is_one_call_and_its_answer_has_all_of_them(
    system: System, switch: RawSip, told: Finding
) -> None:
    invite = with_a_hundred_vias(switch.invite("13800000045"))
    answer = assert_one_call(system, switch, invite, "13800000045", told)
    assert len(answer.all("Via")) == 100
    told.caller.append("its answer has 100 Vias")


def assert_one_call(
    system: System, switch: RawSip, invite: Message, number: str, told: Finding
) -> Message:
    switch.say(invite.encode())
    assert switch.final() == 200
    answer = answered(switch)
    switch.hang_up(invite, answer)
    assert system.call_of(number).outcome == "left-in-menu"
    assert len(rows_of(system, number)) == 1
    told.caller.append("answered 200")
    told.records.append("1 row")
    return answer


@pytest.mark.parametrize(
    ("number", "spoilt"),
    [
        pytest.param(
            "13800000144",
            lambda invite: with_a_big_header(invite, "a\r\n" + "b" * HEADER_OF_64_KB),
            marks=pytest.mark.control("B44", without="a name: as many bytes behind a line break"),
            id="no-header",
        ),
        pytest.param(
            "13800000145",
            lambda invite: with_a_hundred_vias(invite, spoilt="SIP/2.0"),
            marks=pytest.mark.control("B45", without="a good 52nd Via"),
            id="bad-via",
        ),
    ],
)
def test_control_an_odd_invite_that_is_none_is_no_call(
    system: System, switch: RawSip, told: Finding, number: str, spoilt
) -> None:
    """What the one outcome above hangs on: that all of it was read, and was good."""
    switch.say(spoilt(switch.invite(number)).encode())
    status = switch.final(2)
    told.caller.append(f"answered {status}" if status else "no answer")
    assert status != 200
    assert rows_of(system, number) == []


@pytest.mark.fault("B50", how="the same INVITE three times")
def test_a_retransmitted_invite_is_one_call(system: System, switch: RawSip, told: Finding) -> None:
    invite = switch.invite("13800000050")
    for _ in range(3):
        switch.say(invite.encode())
    switch.listen(1)
    assert len(system.node.channels()) == 1
    switch.hang_up(invite, answered(switch))
    system.call_of("13800000050")
    assert len(rows_of(system, "13800000050")) == 1
    told.records.append("retransmitted: 1 channel, 1 row")


def both_ways(switch: RawSip, number: str) -> tuple[Message, Message]:
    """One INVITE as it comes by two ways through a proxy: two branches of one request."""
    first = switch.invite(number)
    via = first.get("Via").replace(first.branch, branch())
    return first, with_header(first, "Via", via)


@pytest.mark.parametrize("pause_s", [0.0, 0.5], ids=["at-once", "later"])
@pytest.mark.fault("B50", how="the same Call-ID and From tag with two branches")
def test_a_merged_invite_is_one_call(
    system: System, switch: RawSip, told: Finding, pause_s: float
) -> None:
    number = f"1380000005{1 + int(pause_s * 2)}"
    first, second = both_ways(switch, number)
    switch.say(first.encode())
    if pause_s:
        switch.listen(pause_s)
    switch.say(second.encode())
    switch.listen(1)
    assert len(system.node.channels()) == 1
    finals = {m.branch: m.status for m in switch.heard if m.status >= 200}
    assert sorted(finals.values()) == [200, 486]
    end_both(switch, first, second)
    wait_until(lambda: len(rows_of(system, number)) == 2, "both legs", 15)
    assert rows_of(system, number).count("merged") == 1
    told.caller.append("one branch answered, the other 486")
    told.records.append("1 row of the call, 1 row of its twin with the outcome merged")


def end_both(switch: RawSip, *invites: Message) -> None:
    for invite in invites:
        for heard in switch.heard:
            if (heard.branch, heard.status) == (invite.branch, 200):
                switch.hang_up(invite, heard)
                break


@pytest.mark.control("B50", without="the count of twins in l110-intake")
def test_control_without_the_count_a_merged_invite_is_two_calls(
    system: System, switch: RawSip
) -> None:
    home = system.node.home.etc / "l110/extensions.conf"
    kept = home.read_text()
    assert "@l110sip)} < 2]" in kept
    home.write_text(kept.replace("@l110sip)} < 2]", "@l110sip)} < 9]"))
    ask(system.node.home, "dialplan reload")
    try:
        first, second = both_ways(switch, "13800000059")
        switch.say(first.encode())
        switch.say(second.encode())
        switch.listen(1)
        assert len(system.node.channels()) == 2
        end_both(switch, first, second)
        wait_until(lambda: not system.node.channels(), "both to end", 15)
    finally:
        home.write_text(kept)
        ask(system.node.home, "dialplan reload")


def no_audio(host: str) -> str:
    return sdp(host, 40000).replace("m=audio", "m=video").replace("PCMA/8000", "H264/90000")


def other_srtp(host: str) -> str:
    return sdp(host, 40000).replace("RTP/AVP", "RTP/SAVP")


def unfit_leg(invite: Message) -> SwitchLeg:
    """As the switch lists it: Asterisk's word for 488."""
    return SwitchLeg(invite.get("Call-ID"), result="not answered, cause 58")


@pytest.mark.fault("B51", how="an INVITE with video only, one with SRTP that we do not speak")
@pytest.mark.parametrize("body", [no_audio, other_srtp], ids=["no-audio", "srtp"])
def test_an_invite_whose_sound_does_not_fit_is_refused_and_counted_by_the_switchs_list(
    system: System, switch: RawSip, told: Finding, body
) -> None:
    invite = switch.invite("13800000051", body(switch.at.partition(":")[0]))
    switch.say(invite.encode())
    assert switch.final() == 488
    assert system.node.channels() == []
    with reading(system.engine) as session:
        report = audit_calls(session, [unfit_leg(invite)])
    assert [(f.kind, f.subject) for f in report.findings if f.kind in ("missing", "unfit")] == [
        ("unfit", invite.get("Call-ID"))
    ]
    told.caller.append("488")
    told.records.append("no row; the audit counts it as unfit by the switch's list")


@pytest.mark.control("B51", without="a list of codecs that are sound, each of them")
def test_control_where_video_may_be_spoken_a_caller_without_sound_is_a_call(
    system: System, switch: RawSip, told: Finding
) -> None:
    """SRTP is not ours to try: Asterisk itself takes no secure offer without its keys."""
    reload, sound = "module reload res_pjsip.so", "allow=alaw,ulaw,"
    invite = switch.invite("13800000151", no_audio(switch.at.partition(":")[0]))
    with system.config_changed("pjsip.conf", sound, f"{sound}h264,vp8,", reload):
        switch.say(invite.encode())
        assert switch.final() == 200
        switch.hang_up(invite, answered(switch))
    row = system.call_of("13800000151")
    told.caller.append("answered 200: he could neither hear nor speak")
    told.records.append(f"1 row, {row.outcome}")


@pytest.mark.control("B51", without="the switch's own word in the audit")
def test_control_where_the_audit_does_not_ask_why_the_node_seems_to_have_been_away(
    system: System, switch: RawSip, told: Finding, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("reports.switch_list.UNFIT", re.compile(r"(?!)"))
    invite = switch.invite("13800000251", no_audio(switch.at.partition(":")[0]))
    switch.say(invite.encode())
    assert switch.final() == 488
    with reading(system.engine) as session:
        report = audit_calls(session, [unfit_leg(invite)])
    assert (report.count("unfit"), report.count("unreached")) == (0, 1)
    told.records.append("the audit counts it as a call that never reached the node")
