"""What the watch makes of channels, logs, files and the dialplan's word."""

import asyncio
import time

import pytest

from ivr.ami_snapshot import Channel
from scripts.http_page import JSON, LONGEST_REQUEST, Page, PageServer, fetch
from scripts.watch.bridge import read_facts
from scripts.watch.channels import Side, Sides, in_talks, stuck_in_agi
from scripts.watch.records import Mark, cel_problem, stalled
from scripts.watch.security import (
    AT_MANAGER,
    SIP_NAMES_TRIED,
    SIP_OF_OURS,
    SIP_OF_STRANGERS,
    Guesses,
    SecurityLog,
)
from scripts.watch.selftest import problem_of


def channel(name: str, *, app: str = "Queue", bridge: str = "", up_s: int = 0) -> Channel:
    return Channel(name, "u", "l", None, "Up", "c", "s", app, bridge, up_s)


def test_who_is_too_long_with_a_giver_of_verdicts_is_stuck_and_a_self_test_is_not():
    channels = [
        channel("PJSIP/l110-trunk-1", app="AGI", up_s=61),
        channel("PJSIP/l110-trunk-2", app="AGI", up_s=60),
        channel("PJSIP/l110-trunk-3", app="Queue", up_s=900),
        channel("Local/intake@l110-selftest-1;2", app="AGI", up_s=900),
    ]
    assert stuck_in_agi(channels, 60) == ("PJSIP/l110-trunk-1",)


def test_a_talk_has_two_sides():
    channels = [channel("a", bridge="b1"), channel("b", bridge="b1"), channel("c", bridge="b2")]
    assert in_talks([*channels, channel("d")]) == {"a", "b"}


def test_a_side_that_says_nothing_for_a_while_is_silent_and_one_on_hold_is_not():
    sides = Sides(silent_after_s=10)
    for now in range(0, 31, 3):
        told = [
            Side("speaks", True, False, now),
            Side("mute", True, False, 7),
            Side("held", True, True, 7),
            Side("alone", True, False, 7),
        ]
        sides.look(told, {"speaks", "mute", "held"}, now)
    assert list(sides.silent) == ["mute"]
    sides.look([Side("mute", True, False, 8)], {"mute"}, 33)
    assert list(sides.silent) == []


def test_a_channel_without_a_dialog_is_leaked_after_five_seconds():
    sides = Sides(silent_after_s=10)
    dead = Side("PJSIP/x", False, False, None)
    sides.look([dead], set(), 0)
    assert list(sides.leaked) == []
    sides.look([dead], set(), 5)
    assert list(sides.leaked) == ["PJSIP/x"]
    sides.look([], set(), 6)
    assert list(sides.leaked) == []


LINE = (
    '[x] SECURITY[1] res_security_log.c: SecurityEvent="{event}",EventTV="x",Severity="Error",'
    'Service="{service}",EventVersion="1",AccountID="l110-reader",SessionID="0x1",'
    'LocalAddress="IPV4/TCP/127.0.0.1/5038",RemoteAddress="IPV4/TCP/{address}/41234"'
)


def said(event: str = "InvalidPassword", service: str = "AMI", address: str = "127.0.0.66") -> str:
    return LINE.format(event=event, service=service, address=address)


def test_five_refused_logins_within_a_minute_are_guesses():
    guesses = Guesses(5, AT_MANAGER)
    assert guesses.take([said()] * 4, 0) == ()
    assert guesses.take([said("InvalidAccountID")], 59) == ("127.0.0.66",)
    assert guesses.take([], 61) == ()


@pytest.mark.parametrize(
    "line",
    [said("SuccessfulAuth"), said(service="PJSIP"), said("ChallengeSent"), "", "\x00garbage"],
)
def test_what_is_no_refused_login_at_the_manager_is_no_guess(line):
    assert Guesses(1, AT_MANAGER).take([line], 0) == ()


def test_no_limit_means_no_guess():
    assert Guesses(0, AT_MANAGER).take([said()] * 100, 0) == ()


REFUSED = "[2026-11-24 02:42:19.190] WARNING[9] res_pjsip_acl.c: Incoming SIP message from {} did"


@pytest.mark.parametrize(
    ("line", "address"),
    [
        (f"{REFUSED.format('192.0.2.66:45467')} not pass ACL test", "192.0.2.66"),
        (f"{REFUSED.format('[2001:db8::66]:5060')} not pass ACL test", "2001:db8::66"),
        (f"{REFUSED.format('19:5060')} not pass ACL test", None),
        (f"x {REFUSED.format('192.0.2.66:5060')} not pass ACL test", None),
        (f"{REFUSED.format('192.0.2.66:5060')} not pass ACL test, he says", None),
        ("", None),
    ],
)
def test_a_strangers_sip_is_counted_by_asterisks_own_line_alone(line, address):
    assert Guesses(1, SIP_OF_STRANGERS).take([line], 0) == ((address,) if address else ())


@pytest.mark.parametrize(
    ("event", "account", "counts"),
    [
        ("ChallengeResponseFailed", "seat-8001", True),
        ("InvalidAccountID", "1000", True),
        ("FailedACL", "l110-trunk", True),
        ("ChallengeSent", "<unknown>", True),
        ("ChallengeSent", "seat-8001", False),
        ("SuccessfulAuth", "seat-8001", False),
    ],
)
def test_what_of_our_own_addresses_is_a_refusal(event, account, counts):
    line = said(event, "PJSIP", "192.0.2.7").replace("l110-reader", account)
    assert Guesses(1, SIP_OF_OURS, SIP_NAMES_TRIED).take([line], 0) == (
        ("192.0.2.7",) if counts else ()
    )


def test_of_very_many_addresses_the_oldest_are_forgotten():
    guesses = Guesses(2, SIP_OF_OURS)
    many = [said("FailedACL", "PJSIP", f"10.{n >> 8}.{n & 255}.1") for n in range(12_000)]
    assert guesses.take(many, 0) == ()
    assert guesses.take([many[0], many[-1]], 1) == ("10.46.223.1",)


def test_the_security_log_is_followed_from_its_end_and_over_a_cut(tmp_path):
    file = tmp_path / "security"
    log = SecurityLog(file)
    assert log.new_lines() == []
    file.write_text("one\ntwo")
    assert log.new_lines() == ["one"]
    with file.open("a") as more:
        more.write("\nthree\n")
    assert log.new_lines() == ["two", "three"]
    file.write_text("new\n")
    assert log.new_lines() == ["new"]


def test_what_stood_in_the_security_log_before_is_not_told_again(tmp_path):
    file = tmp_path / "security"
    file.write_text("old\n")
    assert SecurityLog(file).new_lines() == []


@pytest.mark.parametrize(
    ("told", "problem"),
    [
        ("ab/police/rule/SUCCESS", None),
        ("ab/livelihood/rule/SUCCESS", None),
        ("ab/police/menu-off/SUCCESS", None),
        ("ab/police/prompt-failed/SUCCESS", "could not play its prompts"),
        ("ab///FAILURE", "could not be reached"),
        ("ab///GUARD", "took the call and gave no verdict within the guard"),
        ("ab///SUCCESS", "gave no verdict"),
        ("ab", "gave no verdict"),
    ],
)
def test_what_the_dialplan_says_of_a_self_test(told, problem):
    assert problem_of(told) == problem


def test_a_self_test_must_leave_its_mark_once_it_has_had_its_time(tmp_path):
    file = tmp_path / "l110.jsonl"
    file.write_text('{"eventextra":"test=aaaa"}\n')
    long_ago, now = time.monotonic() - 10, time.monotonic()
    assert stalled(file, ()) is None
    assert stalled(file, (Mark("bbbb", now),)) is None
    assert stalled(file, (Mark("aaaa", long_ago), Mark("bbbb", now))) is None
    assert stalled(file, (Mark("bbbb", long_ago),)) is not None
    file.rename(tmp_path / "l110.jsonl.1")
    file.write_text("")
    assert stalled(file, (Mark("aaaa", long_ago),)) is None


def test_a_cel_folder_that_is_gone_or_no_folder_is_a_problem(tmp_path):
    assert cel_problem(tmp_path / "cel/l110.jsonl") == "cel: no such folder"
    (tmp_path / "cel").mkdir()
    assert cel_problem(tmp_path / "cel/l110.jsonl") is None


@pytest.mark.parametrize("told", [{}, {"rules": "good"}, {"prompts_missing": None}])
def test_what_is_no_word_of_a_bridge_is_refused(told):
    with pytest.raises(ValueError, match="no facts of a bridge"):
        read_facts(told)


async def _served(ask):
    async def page() -> Page:
        return Page("{}", "503 Service Unavailable", JSON)

    server = PageServer({"/readyz": page})
    assert await server.start("127.0.0.1", 0)
    assert server._server is not None
    port = server._server.sockets[0].getsockname()[1]
    try:
        return await ask(port)
    finally:
        await server.stop()


def test_a_page_comes_with_its_status_and_an_unknown_one_is_404():
    async def ask(port):
        return [await fetch("127.0.0.1", port, path, 2) for path in ("/readyz", "/x")]

    assert asyncio.run(_served(ask)) == [(503, "{}"), (404, "not here\n")]


@pytest.mark.parametrize(
    "bytes_sent",
    [
        b"POST / HTTP/1.1\r\n\r\n",
        b"\r\n\r\n",
        b"\xff" * 50 + b"\r\n\r\n",
        b"x" * LONGEST_REQUEST * 3,
    ],
)
def test_what_is_no_question_is_answered_by_nothing_that_hurts(bytes_sent):
    async def ask(port):
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(bytes_sent)
        try:
            answer = await asyncio.wait_for(reader.read(), 3)
        except ConnectionError:
            answer = b""
        writer.close()
        return answer, await fetch("127.0.0.1", port, "/readyz", 2)

    answer, after = asyncio.run(_served(ask))
    assert answer == b"" or b"405" in answer[:20] or b"404" in answer[:20]
    assert after == (503, "{}")


def test_a_port_that_is_taken_ends_nothing():
    async def scene():
        async def ask(port):
            return await PageServer({}).start("127.0.0.1", port)

        return await _served(ask)

    assert asyncio.run(scene()) is False
