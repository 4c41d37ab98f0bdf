"""What a trial saw, read out of a capture and the dialplan's own events."""

import json
import struct
from ipaddress import IPv4Address

import pytest

from scripts.refer_trial.events import Telling, Told
from scripts.refer_trial.seen import seen
from scripts.refer_trial.sip_trace import FILE_HEADER, MAGIC, read_messages

SWITCH, NODE = "127.0.0.2", "127.0.0.1"
TEST = "20261123T232056Z-test-00-1a2b3c4d"
OTHER = "20261123T225555Z-test-00-99999999"
FIRST, BACK = "first@switch", "back@switch"
TOLD = [Told("first", "came", FIRST), Told("back", "came", BACK, f"livelihood;l110={TEST}")]


def packet(at, to, first_line, call_id, cseq, more="", body=""):
    text = f"{first_line}\r\nCall-ID: {call_id}\r\nCSeq: {cseq}\r\n{more}\r\n{body}".encode()
    ip = bytes([0x45]) + bytes(11) + IPv4Address(NODE).packed + IPv4Address(to).packed
    frame = bytes(14) + ip + bytes(8) + text
    seconds, micros = divmod(round(at * 1_000_000), 1_000_000)
    return struct.pack("<IIII", seconds, micros, len(frame), len(frame)) + frame


def capture(*packets):
    return FILE_HEADER.pack(MAGIC, 2, 4, 0, 0, 65535, 1) + b"".join(packets)


def notify(at, number, line, to=NODE):
    return packet(at, to, "NOTIFY sip:n SIP/2.0", FIRST, f"{number} NOTIFY", body=line)


FROM = "From: <sip:13800000001@127.0.0.2>;tag=1\r\n"
INVITE = packet(0.5, NODE, "INVITE sip:110@n SIP/2.0", FIRST, "1 INVITE", FROM)
REFER = packet(1.0, SWITCH, "REFER sip:s SIP/2.0", FIRST, "2 REFER")
ACCEPTED = packet(1.002, NODE, "SIP/2.0 202 Accepted", FIRST, "2 REFER")
BACK_AGAIN = packet(
    1.010, NODE, f"INVITE sip:livelihood;l110={TEST}@n SIP/2.0", BACK, "7 INVITE", FROM
)
ANSWERED = packet(1.015, SWITCH, "SIP/2.0 200 OK", BACK, "7 INVITE")
CONFIRMED = packet(1.016, NODE, "ACK sip:n SIP/2.0", BACK, "7 ACK")
BYE = packet(1.020, SWITCH, "BYE sip:s SIP/2.0", FIRST, "3 BYE")
CLEARED = packet(1.022, NODE, "SIP/2.0 200 OK", FIRST, "3 BYE")


def read(*packets, told=TOLD):
    return seen(read_messages(capture(*packets)), told, TEST, SWITCH, 8000)


def test_a_whole_release_is_read_with_its_times():
    found = read(
        INVITE, REFER, ACCEPTED, BACK_AGAIN, ANSWERED, CONFIRMED,
        notify(1.018, 11, "SIP/2.0 200 OK"), BYE, CLEARED,
    )  # fmt: skip
    assert (found.referred, found.answer, found.answer_ms) == (True, 202, 2)
    assert [(n.after_ms, n.status) for n in found.notified] == [(18, 200)]
    assert (found.returned_ms, found.back_answered_ms, found.id_kept) == (10, 15, True)
    assert (found.cleared_by, found.bye_ms, found.cleared_ms) == ("node", 20, 22)
    assert (found.caller_kept, found.strangers) == (True, 0)


def test_a_message_that_is_sent_again_counts_once():
    again = notify(1.5, 10, "SIP/2.0 100 Trying")
    found = read(INVITE, REFER, REFER, notify(1.003, 10, "SIP/2.0 100 Trying"), again)
    assert [one.after_ms for one in found.notified] == [3]


def test_what_is_no_status_line_is_shown_short_and_printable():
    found = read(INVITE, REFER, notify(1.1, 10, "\x1b[31m" + "x" * 500 + "\nSIP/2.0 200 OK"))
    (one,) = found.notified
    assert (one.status, len(one.line), "\x1b" in one.line) == (None, 60, False)


def test_an_answer_of_ours_without_an_ack_is_no_second_leg():
    assert read(INVITE, REFER, BACK_AGAIN, ANSWERED).back_answered_ms is None


def test_a_bye_that_comes_to_us_is_the_switchs():
    theirs = packet(1.2, NODE, "BYE sip:n SIP/2.0", FIRST, "9 BYE")
    assert read(INVITE, REFER, theirs).cleared_by == "switch"


def test_another_callers_messages_tell_nothing():
    other = packet(1.001, NODE, "SIP/2.0 603 Decline", "somebody", "2 REFER")
    assert read(INVITE, REFER, other).answer is None


def test_a_late_return_of_an_earlier_trial_is_not_this_ones():
    earlier = Told("back", "came", BACK, f"livelihood;l110={OTHER}")
    assert read(INVITE, REFER, BACK_AGAIN, told=[TOLD[0], earlier]).returned_ms is None


def test_a_call_to_the_livelihood_number_that_nobody_knows_is_a_stranger():
    stranger = packet(1.3, NODE, "INVITE sip:livelihood@n SIP/2.0", "x", "1 INVITE")
    before = packet(0.7, NODE, "INVITE sip:livelihood@n SIP/2.0", "y", "1 INVITE")
    assert read(before, INVITE, REFER, stranger, stranger, told=TOLD[:1]).strangers == 1


@pytest.mark.parametrize("told", [[], TOLD[1:]])
def test_without_a_first_leg_there_was_no_refer(told):
    assert not read(INVITE, REFER, told=told).referred


@pytest.mark.parametrize(
    "bytes_",
    [b"", b"no capture at all, only text", capture(INVITE)[:-9], capture(INVITE[:16] + b"\0" * 9)],
)
def test_a_broken_capture_holds_no_message_and_breaks_nothing(bytes_):
    assert read_messages(bytes_) == []


def line(test, what):
    extra = json.dumps({"extra": f"test={test}&leg_is=first&what={what}&sip=a%40b"})
    return json.dumps({"eventtype": "L110_TEST", "eventextra": extra}) + "\n"


def test_the_feed_is_followed_from_its_end_and_for_this_trial_alone(tmp_path):
    path = tmp_path / "l110.jsonl"
    path.write_text(line(TEST, "came"))
    telling = Telling(path, TEST)
    assert telling.look() == []
    whole = line(OTHER, "came") + '{"eventtype":"L110_TEST"}\n' + line(TEST, "came")
    with path.open("a") as file:
        file.write(whole + line(TEST, "refer")[:30])
    assert telling.look() == [Told("first", "came", "a@b")]
    with path.open("a") as file:
        file.write(line(TEST, "refer")[30:])
    assert [told.what for told in telling.look()] == ["refer"]
    assert telling.has("first", "refer")
