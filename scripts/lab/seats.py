"""What a seat's telephone does, written as a SIPp scenario: ring, answer, talk, hang up."""

from dataclasses import dataclass

from scripts.lab.sip_text import (
    NO_BODY,
    SDP_BODY,
    SEAT_TAG,
    go,
    key_body,
    label,
    ms,
    recv,
    response,
    scenario,
    send,
)


@dataclass(frozen=True, slots=True)
class Manner:
    """How a seat behaves. `answers=False` rings for ever; `keys` are pressed in the talk.

    keys_after_s: from the answer to the first key.
    talk_s: from the last key, or the answer, to the hang-up.
    """

    ring_s: float = 0.3
    talk_s: float = 2.0
    answers: bool = True
    keys: str = ""
    keys_after_s: float = 1.5

    def scenario(self) -> str:
        if not self.answers:
            return silent_seat()
        return seat(self.ring_s, self.talk_s, self.keys, self.keys_after_s)


# The INVITE's own headers are kept for the requests and answers that must name them later.
INVITE = (
    '<recv request="INVITE" crlf="true"><action>'
    '<ereg regexp=".*" search_in="hdr" header="From:" assign_to="1"/>'
    '<ereg regexp=".*" search_in="hdr" header="To:" assign_to="2"/>'
    '<ereg regexp="sip:[^>;]*" search_in="hdr" header="Contact:" assign_to="3"/>'
    '<ereg regexp=".*" search_in="hdr" header="Via:" assign_to="4"/>'
    '<ereg regexp=".*" search_in="hdr" header="CSeq:" assign_to="5"/>'
    "</action></recv>\n"
    '<Reference variables="1,2,3,4,5"/>\n'
)
RINGING = send(response("180 Ringing", tagged=True))
OK = send(response("200 OK"))


def seat(ring_s: float, talk_s: float, keys: str = "", keys_after_s: float = 1.5) -> str:
    """Rings for `ring_s`, answers, talks at most `talk_s`, then hangs up if the caller has not.

    `keys` are pressed (by SIP INFO) `keys_after_s` after the answer.
    """
    return scenario(
        INVITE,
        RINGING,
        recv("CANCEL", timeout=ms(ring_s), ontimeout=3, next=7),
        label(3),
        send(response("200 OK", SDP_BODY, tagged=True), retransmit=True),
        recv("ACK", crlf="true"),
        f'<pause milliseconds="{ms(keys_after_s)}"/>\n' if keys else "",
        *(_press(key, number) for number, key in enumerate(keys, 2)),
        recv("BYE", timeout=ms(talk_s), ontimeout=4),
        OK,
        go(1),
        label(4),
        send(_bye(), retransmit=True),
        recv("200"),
        go(1),
        label(7),
        _cancelled(),
    )


def silent_seat() -> str:
    """Rings and is never answered."""
    return scenario(INVITE, RINGING, recv("CANCEL"), _cancelled())


def _press(key: str, number: int) -> str:
    sent = send(_request("INFO", number, key_body(key)), retransmit=True)
    return f'{sent}{recv("200")}<pause milliseconds="150"/>\n'


def _bye() -> str:
    return _request("BYE", 99)


def _request(method: str, number: int, tail: str = NO_BODY) -> str:
    """A request of the seat's own, with the names of the INVITE turned round."""
    return (
        f"{method} [$3] SIP/2.0\n"
        "Via: SIP/2.0/[transport] [local_ip]:[local_port];branch=[branch]\n"
        f"From:[$2];tag={SEAT_TAG}\nTo:[$1]\nCall-ID: [call_id]\nCSeq: {number} {method}\n"
        f"Contact: <sip:[local_ip]:[local_port]>\nMax-Forwards: 70\n{tail}"
    )


def _cancelled() -> str:
    terminated = (
        f"SIP/2.0 487 Request Terminated\nVia:[$4]\nFrom:[$1]\nTo:[$2];tag={SEAT_TAG}\n"
        "Call-ID: [call_id]\nCSeq:[$5]\nContent-Length: 0\n"
    )
    return OK + send(terminated, retransmit=True) + recv("ACK")
