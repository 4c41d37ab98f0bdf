"""A switch that does with a REFER what it is told: SIPp in the place of the 110 switch."""

from collections.abc import Sequence
from dataclasses import dataclass

from scripts.lab.sip_text import (
    caller_request,
    invite,
    key_body,
    label,
    ms,
    recv,
    response,
    scenario,
    send,
    with_body,
)

REFERRED = (
    '<recv request="REFER"><action>'
    '<ereg regexp="sip:[^@]*" search_in="hdr" header="Refer-To:" assign_to="1"/>'
    '<log message="[$1]"/></action></recv>\n'
)


@dataclass(frozen=True, slots=True)
class Refer:
    """How the switch takes a REFER.

    answer: status line, or "" for none at all. says: bodies of the NOTIFYs that follow, in order.
    bye_after_s: hang up so long after that; None: wait for the node to hang up, at most `stay_s`.
    """

    answer: str = "202 Accepted"
    says: Sequence[str] = ()
    bye_after_s: float | None = None
    stay_s: float = 30


def referred_caller(refer: Refer, *, keys: str = "2", key_after_s: float | None = 0.5) -> str:
    """A caller on a switch like that, who presses keys; None: he presses nothing.

    The Refer-To that the switch is told goes to the scenario's log.
    """
    pressed = (
        ""
        if key_after_s is None
        else "".join(_key(key, number, key_after_s) for number, key in enumerate(keys, 10))
    )
    return scenario(
        invite(),
        recv("100", optional="true"),
        recv("180", optional="true"),
        recv("200"),
        send(caller_request("ACK", 1)),
        pressed,
        REFERRED,
        send(response(refer.answer)) if refer.answer else "",
        *(_notify(number, body) for number, body in enumerate(refer.says, 20)),
        _end(refer),
    )


def _key(key: str, number: int, after_s: float) -> str:
    pressed = send(caller_request("INFO", number, key_body(key)), retransmit=True)
    # No pause after it: the REFER follows at once.
    return f'<pause milliseconds="{ms(after_s)}"/>\n{pressed}{recv("200")}'


def returning_caller(stay_s: float) -> str:
    """The same caller, coming back on the livelihood trunk; waits for the node to hang up."""
    return scenario(
        invite(),
        recv("100", optional="true"),
        recv("200"),
        send(caller_request("ACK", 1)),
        _end(Refer(stay_s=stay_s)),
    )


def _notify(number: int, body: str) -> str:
    state = "active" if " 1" in body[:12] else "terminated;reason=noresource"
    headers = f"Event: refer\nSubscription-State: {state}\n"
    tail = headers + with_body(f"{body}\n", "message/sipfrag;version=2.0")
    return send(caller_request("NOTIFY", number, tail), retransmit=True) + recv("200")


def _end(refer: Refer) -> str:
    bye = send(caller_request("BYE", 999), retransmit=True) + recv("200")
    if refer.bye_after_s is not None:
        return f'<pause milliseconds="{ms(refer.bye_after_s)}"/>\n{bye}'
    ended = send(response("200 OK")) + '<nop next="1"/>\n'
    return recv("BYE", timeout=ms(refer.stay_s), ontimeout=5) + ended + label(5) + bye
