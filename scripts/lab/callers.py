"""What callers do, written as a SIPp scenario: wait, press, hang up."""

import itertools
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from scripts.lab.sip_text import (
    caller_request,
    go,
    invite,
    key_body,
    label,
    ms,
    recv,
    response,
    scenario,
    send,
)

MS_FOR_A_KEY = 1300  # SIPp plays a second of silence before its digit; the next would cut it off
PROVISIONAL = "".join(recv(status, optional="true") for status in ("100", "180", "183"))


@dataclass(frozen=True, slots=True)
class Wait:
    """Do nothing for so many seconds."""

    seconds: float


@dataclass(frozen=True, slots=True)
class Press:
    """Press keys."""

    keys: str


@dataclass(frozen=True, slots=True)
class FallSilent:
    """Of one who speaks: nothing that he says arrives any more."""


@dataclass(frozen=True, slots=True)
class HangUp:
    """End the call."""


@dataclass(frozen=True, slots=True)
class Stay:
    """Wait at most so many seconds for the other side to hang up; then hang up."""

    seconds: float


Action = Wait | Press | FallSilent | HangUp | Stay


def caller(
    actions: Sequence[Action],
    *,
    key_by_info: bool = False,
    headers: str = "",
    voice: Path | None = None,
) -> str:
    """A caller who is answered and then does `actions`; refused with 486 or 503 he goes.

    Keys go as RTP events (SIPp needs a raw socket, so: root) or, with `key_by_info`, by SIP INFO.
    `voice` is a G.711 u-law file that he says over and over; without it he is silent on the wire.
    """
    numbers = itertools.count(10)  # of labels and of INFO requests: each only once
    press = _press_by_info if key_by_info else _press
    body = "".join(_do(action, press, numbers) for action in actions)
    refused = label(3) + send(caller_request("ACK", 1, ends_invite=True)) + go(1)
    return scenario(
        invite(headers, speaks=voice is not None),
        PROVISIONAL,
        recv("486", optional="true", next=3),
        recv("503", optional="true", next=3),
        recv("200", next=2),
        refused,
        label(2),
        send(caller_request("ACK", 1)),
        f'<nop><action><exec rtp_stream="{voice},-1,0"/></action></nop>\n' if voice else "",
        body,
    )


def impatient_caller(ring_s: float) -> str:
    """A caller who gives up after `ring_s` before anybody answers (or hangs up if somebody did)."""
    return scenario(
        invite(),
        PROVISIONAL,
        recv("200", optional="true", next=5),
        recv("486", next=6, timeout=ms(ring_s), ontimeout=2),
        label(2),
        send(caller_request("CANCEL", 1, ends_invite=True)),
        recv("200"),
        recv("487"),
        label(6),
        send(caller_request("ACK", 1, ends_invite=True)),
        go(1),
        label(5),
        send(caller_request("ACK", 1)),
        _hang_up(),
    )


def _do(action: Action, press: Callable[[str, int], str], numbers: Iterator[int]) -> str:
    match action:
        case Wait(seconds):
            return f'<pause milliseconds="{ms(seconds)}"/>\n'
        case Press(keys):
            return "".join(press(key, next(numbers)) for key in keys)
        case FallSilent():
            return '<nop><action><exec rtp_stream="pause"/></action></nop>\n'
        case HangUp():
            return _hang_up()
        case Stay(seconds):
            return _stay(seconds, next(numbers))


def _stay(seconds: float, own: int) -> str:
    answered = send(response("200 OK")) + go(1)
    return recv("BYE", timeout=ms(seconds), ontimeout=own) + answered + label(own) + _hang_up()


def _press(key: str, number: int) -> str:
    del number
    play = f'<nop><action><exec play_dtmf="{key}"/></action></nop>\n'
    return f'{play}<pause milliseconds="{MS_FOR_A_KEY}"/>\n'


def _press_by_info(key: str, number: int) -> str:
    sent = send(caller_request("INFO", number, key_body(key)), retransmit=True)
    return f'{sent}{recv("200")}<pause milliseconds="100"/>\n'


def _hang_up() -> str:
    return send(caller_request("BYE", 999), retransmit=True) + recv("200")
