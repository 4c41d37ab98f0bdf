"""The forced release on a manager that refuses, loses an answer, or keeps the channel."""

import os

import pytest
from click.testing import CliRunner

from config.settings import load_settings
from ivr.ami_errors import AmiActionFailed, AmiAnswerLost
from ivr.forced import LiveLeg, end_leg, live_legs
from routing.steps import StepKind
from scripts.cli import force
from scripts.cli.context import Site
from scripts.cli.force import LONGEST_REASON, calls_end, forced_step, who
from tests.integration.fake_ami import FakeManager, client, listed, message, play

CALL = "20261123T202606Z-n1-3-73a635ca"
OTHER = "20261123T202606Z-n1-4-73a635ca"
LEG = LiveLeg("PJSIP/l110-trunk-00000001", "n1-1795465608.3", "13800000001", "Queue", False, 9)


def gone(session, sent):
    return message("Response: Error", f"ActionID: {sent['ActionID']}", "Message: No such channel")


def test_only_the_trunk_channels_of_that_very_call_are_found():
    channels = [
        ("Event: Status", f"Channel: {name}", f"Variable: L110_CALL={call}", "Seconds: 9")
        for name, call in [
            ("PJSIP/l110-trunk-00000001", CALL),
            ("PJSIP/l110-trunk-00000002", OTHER),
            ("PJSIP/l110-trunk-00000003", f"{CALL}0"),
            ("PJSIP/l110-trunk-00000004", ""),
            ("PJSIP/seat-8001-00000005", CALL),
        ]
    ]

    async def scene(manager: FakeManager) -> None:
        manager.replies["Status"] = lambda _, sent: listed(sent, "StatusComplete", *channels)
        async with client(manager) as ami:
            (found,) = await live_legs(ami, CALL, "l110-trunk")
            assert (found.channel, found.up_s) == ("PJSIP/l110-trunk-00000001", 9)
            manager.replies["Status"] = gone
            with pytest.raises(AmiActionFailed):
                await live_legs(ami, CALL, "l110-trunk")

    play(scene)


def test_a_channel_that_outlives_its_hang_up_has_given_its_slot_back(monkeypatch):
    monkeypatch.setattr("ivr.forced.GONE_WITHIN_S", 0.05)

    async def scene(manager: FakeManager) -> None:
        async with client(manager) as ami:
            ended = await end_leg(ami, LEG)
        assert ended.gone_ms is None
        sent = [s for s in manager.seen if s.get("Channel") == LEG.channel]
        told = [(s["Action"], s.get("Variable", "")) for s in sent][:3]
        assert told == [("Setvar", "L110_FORCED"), ("Setvar", "GROUP(l110)"), ("Hangup", "")]

    play(scene)


def test_a_channel_that_is_gone_already_is_a_refusal_and_a_lost_hang_up_is_sent_once():
    async def scene(manager: FakeManager) -> None:
        async with client(manager) as ami:
            manager.replies["Hangup"] = lambda *_: None
            with pytest.raises(AmiAnswerLost):
                await end_leg(ami, LEG)
            manager.replies["Setvar"] = gone
            with pytest.raises(AmiActionFailed, match="No such channel"):
                await end_leg(ami, LEG)
            assert manager.count("Hangup") == 1

    play(scene)


@pytest.mark.parametrize(
    "reason", ["", "  ", "a\r\nAction: Originate", "a\nb", "a\0", "x" * (LONGEST_REASON + 1)]
)
def test_a_reason_that_is_none_or_no_line_is_refused(reason):
    answer = CliRunner().invoke(calls_end, [CALL, "--reason", reason, "--yes"], obj=Site())
    assert answer.exit_code == 2
    assert "printable" in answer.output


@pytest.mark.parametrize("options", [[], ["--reason", "x", "--json"]])
def test_without_a_reason_or_with_json_unasked_nothing_is_done(options):
    assert CliRunner().invoke(calls_end, [CALL, *options], obj=Site()).exit_code == 2


def test_without_the_actors_secret_the_command_says_which_file(monkeypatch, tmp_path):
    monkeypatch.setenv("L110_VAR_DIR", str(tmp_path))
    answer = CliRunner().invoke(calls_end, [CALL, "--reason", "x", "--yes"], obj=Site())
    assert answer.exit_code == 1
    assert "no secret of the manager's actor" in answer.output


def test_the_help_says_that_it_is_dangerous():
    shown = CliRunner().invoke(calls_end, ["--help"]).output
    assert "DANGEROUS" in shown
    assert "危险" in shown


def test_who_is_the_user_of_the_kernel_and_never_of_the_environment(monkeypatch, tmp_path):
    for name in ("USER", "LOGNAME", "SUDO_USER"):
        monkeypatch.setenv(name, "mallory")
    login = tmp_path / "loginuid"
    monkeypatch.setattr(force, "LOGIN_UID", login)
    user = who()
    assert "mallory" not in user
    login.write_text(str(force.NOT_LOGGED_IN))
    assert who() == user
    login.write_text(str(os.getuid()))
    assert who() == user
    login.write_text("4000000")
    assert who() == f"{user} (login uid 4000000)"


def test_the_record_names_who_why_and_the_leg():
    step = forced_step(CALL, LEG, "silent 线路无声", load_settings())
    assert (step.kind, step.call_id, step.leg) == (StepKind.FORCED, CALL, LEG.uniqueid)
    assert step.data["reason"] == "silent 线路无声"
    assert step.data["who"] == who()
