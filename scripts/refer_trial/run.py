"""One trial of the switch: arm the node, wait for the call, watch it, judge; all within bounds."""

import secrets
import socket
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime

from config.settings import Settings
from reports.masking import mask_number
from scripts.asterisk_console import ask
from scripts.asterisk_home import AsteriskMissing, Home
from scripts.cli.running import booted
from scripts.refer_trial import own_call
from scripts.refer_trial.armed import armed, captured, one_trial
from scripts.refer_trial.errors import TrialFailed
from scripts.refer_trial.events import BACK, FIRST, Telling
from scripts.refer_trial.judge import Verdict, judge
from scripts.refer_trial.seen import Seen, seen
from scripts.refer_trial.sip_trace import Message, read_messages

Say = Callable[[str, str], None]  # Chinese, English

OWN_CALL_S = 15.0
TALK_S, LATE_S, BACK_S = 1, 5, 3  # the dialplan's own waits (doctor.conf)
GIVEN_S = 5.0  # a switch that has the call needs no more than this to bring it back
SLACK_S = 3.0
LOOK_S = 0.05


@dataclass(frozen=True, slots=True)
class Trial:
    """number: from which the test call comes. own: whether the node places it by itself."""

    number: str
    own: bool
    wait_s: float
    test_id: str


@dataclass(frozen=True, slots=True)
class Found:
    test_id: str
    seen: Seen
    verdict: Verdict


def make_trial(settings: Settings, number: str | None, wait_s: float) -> Trial:
    """Raises TrialFailed: nobody is there who could call."""
    at = datetime.now(UTC)
    # Node and sequence are what no call has: the dialplan knows a test by them, wherever it comes.
    test_id = f"{at:%Y%m%dT%H%M%SZ}-test-00-{secrets.token_hex(4)}"
    if number:
        return Trial(number, False, wait_s, test_id)
    if not (settings.doctor.test_number and settings.doctor.caller_number):
        raise TrialFailed(
            "no-number",
            "没有可用的试验来电。",
            "There is nobody who makes the test call.",
            "Give the number of a telephone that you will dial 110 from (`--from NUMBER`), or set "
            "doctor.test_number and doctor.caller_number (docs/runbook.md).",
        )
    return Trial(settings.doctor.caller_number, True, OWN_CALL_S, test_id)


def try_switch(settings: Settings, trial: Trial, say: Say) -> Found:
    """Raises TrialFailed: it cannot be judged."""
    _refuse_a_node_that_is_not_ready(settings)
    guard_s = round(settings.queues.refer_guard_s)
    begin = int(time.time())
    come = begin + round(trial.wait_s) + 1
    until = come, come + TALK_S + guard_s + LATE_S + round(GIVEN_S)
    with one_trial(settings) as folder:
        telling = Telling(settings.cel_path, trial.test_id)
        with armed(settings, folder, trial.number, trial.test_id, until) as capture:
            _invite(settings, trial, say)
            came = _wait(telling, lambda: telling.has(FIRST, "came"), trial.wait_s)
            if came:
                _watch(telling, guard_s, say)
            messages = read_messages(captured(settings, capture))
    if not came:
        raise _nobody(settings, trial, messages)
    found = seen(messages, telling.told, trial.test_id, _address(settings), guard_s * 1000)
    return Found(trial.test_id, found, judge(found))


def _address(settings: Settings) -> str:
    """Of the switch, as the capture has it; a name that nobody can look up stays a name."""
    name = settings.sip.switch_host
    try:
        return str(socket.getaddrinfo(name, None, type=socket.SOCK_DGRAM)[0][4][0])
    except OSError:
        return name


def _refuse_a_node_that_is_not_ready(settings: Settings) -> None:
    if settings.cel_path != settings.own_cel_path:
        raise TrialFailed(
            "not-ours",
            "此节点使用自己的Asterisk。",
            "The calls are taken by an Asterisk of the site's own (records.cel_file).",
            "This command speaks to the Asterisk of `l110 up` only: try the switch by hand "
            "(docs/runbook.md).",
        )
    try:
        up = booted(settings)
    except (AsteriskMissing, OSError):
        up = False
    if not up:
        raise TrialFailed(
            "node-down",
            "本节点的Asterisk没有运行。",
            "The Asterisk of this node is not up.",
            "Start it: `scripts/l110 up --detach`.",
        )
    if "l110-doctor-gate" not in ask(Home(settings.asterisk_dir), "dialplan show l110-doctor-gate"):
        raise TrialFailed(
            "old-dialplan",
            "运行中的Asterisk还是旧版拨号方案。",
            "The Asterisk that runs has a dialplan of an older release.",
            "At a quiet hour: `scripts/l110 down`, then `up`.",
        )


def _invite(settings: Settings, trial: Trial, say: Say) -> None:
    shown = mask_number(trial.number)
    if trial.own:
        say("正在拨打试验号码……", "The node dials the test number ...")
        own_call.place(settings)
        return
    say(
        f"请在 {trial.wait_s:g} 秒内用 {shown} 拨打110，接通后不要挂断，不要按键。",
        f"Within {trial.wait_s:g} s, dial 110 from {shown}; press nothing, and stay until it ends.",
    )


def _watch(telling: Telling, guard_s: int, say: Say) -> None:
    """Until both legs are over, or one is and nobody came back."""
    say("来电已到，正在请交换机收回（REFER）……", "The call is here; now the REFER.")
    _wait(telling, lambda: telling.has(FIRST, "end"), TALK_S + guard_s + LATE_S + SLACK_S)
    transfer = next((one.status for one in telling.told if one.what == "transfer"), "")
    asked = telling.has(FIRST, "refer") and transfer in ("", "SUCCESS")
    if asked and not telling.has(BACK, "came"):
        say("正在等来电被送回……", "Waiting for the caller to be brought back ...")
        _wait(telling, lambda: telling.has(BACK, "came"), GIVEN_S)
    if telling.has(BACK, "came"):
        say("来电已送回。", "The caller is back.")
        _wait(telling, lambda: telling.has(BACK, "end"), BACK_S + SLACK_S)


def _wait(telling: Telling, so: Callable[[], bool], within_s: float) -> bool:
    end = time.monotonic() + within_s
    while True:
        telling.look()
        if so():
            return True
        if time.monotonic() > end:
            return False
        time.sleep(LOOK_S)


def _nobody(settings: Settings, trial: Trial, messages: list[Message]) -> TrialFailed:
    """Why no test call came, as far as the messages tell."""
    switch = _address(settings)
    if trial.own and (refusal := _refusal(messages, settings.doctor.test_number, switch)):
        return TrialFailed(
            "number-refused",
            f"交换机拒绝了试验号码（{refusal}）。",
            f"The switch refused the test number ({refusal}).",
            "Route doctor.test_number at the switch to this node as a call to 110, or use --from.",
        )
    others = sorted({m.caller for m in messages if _calls_110(m, switch)})
    meanwhile = ", ".join(mask_number(number) for number in others[:5]) or "nobody"
    return TrialFailed(
        "no-call-came",
        f"{trial.wait_s:g} 秒内没有来自 {mask_number(trial.number)} 的来电。",
        f"No call of {mask_number(trial.number)} came within {trial.wait_s:g} s. "
        f"110 was called meanwhile by: {meanwhile}.",
        "Does the switch show that number as you gave it (with or without the area code)? Is the "
        "trunk in service?",
    )


def _refusal(messages: list[Message], number: str, switch: str) -> str:
    sent = [m for m in messages if m.is_request("INVITE") and m.to == switch]
    ours = {message.call_id for message in sent if message.dialled == number}
    answers = [m for m in messages if m.call_id in ours and m.method == "INVITE" and m.status]
    refused = [m for m in answers if (m.status or 0) >= 300]
    if refused:
        return refused[0].first_line.removeprefix("SIP/2.0 ")[:60]
    return "no answer" if ours and not answers else ""


def _calls_110(message: Message, switch: str) -> bool:
    return message.is_request("INVITE") and message.to != switch and message.dialled == "110"
