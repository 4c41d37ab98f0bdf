"""One caller of the stand-in switch: called in, keyed, taken back by REFER, brought in again."""

import asyncio
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from scripts.benchmarks.rtp_key import (
    END_PACKETS,
    HELD_PACKETS,
    PACKET_S,
    key_packets,
    quiet_packet,
)
from scripts.benchmarks.sip import Address, Message, media_of, message, offer, reply, uri_in
from scripts.benchmarks.traffic import KEY_AT_S, STAYS_S

NOTIFY = {"Event": "refer", "Content-Type": "message/sipfrag;version=2.0"}
PENDING = {**NOTIFY, "Subscription-State": "active;expires=60"}
FINAL = {**NOTIFY, "Subscription-State": "terminated;reason=noresource"}


@dataclass(frozen=True, slots=True)
class Freed:
    """One trunk dialog, in nanoseconds after the key's first end packet was on its way."""

    referred_ns: int
    gone_ns: int


class Wires(Protocol):
    """What a call needs of the switch."""

    here: Address
    media: Address

    def send(self, data: bytes) -> None: ...
    def send_rtp(self, data: bytes, to: Address) -> None: ...
    def bring_back(self, referred: "Call", uri: str) -> None: ...
    def ended(self, call: "Call") -> None: ...


class Call:
    """A dialog from the switch to the node; `freed` stands when the node has cleared it."""

    def __init__(
        self, wires: Wires, number: int, caller: str, uri: str, on_answer: Callable[["Call"], None]
    ) -> None:
        self.call_id = f"{number}@{wires.here[0]}"
        self.freed: Freed | None = None
        self.media: Address = ("", 0)  # the node's, known once it has answered
        self._wires, self._number, self._uri = wires, number, uri
        self._contact = f"<sip:switch@{wires.here[0]}:{wires.here[1]}>"
        self._from = f"<sip:{caller}@{wires.here[0]}>;tag=t{number}"
        self._to, self._target = f"<{uri}>", uri
        self._cseq = 0
        self._on_answer = on_answer
        self._answered = self._left = False
        self._keyed_ns = self._referred_ns = 0

    def invite(self) -> None:
        self._request("INVITE", {"Content-Type": "application/sdp"}, offer(self._wires.media))

    def press(self, key: str, *, speaks: bool = False) -> None:
        """Held so long that the first packet of its end leaves KEY_AT_S after the answer.

        Who speaks sends silence before and after it, as any telephone does.
        """
        before = round(KEY_AT_S / PACKET_S) - HELD_PACKETS
        behind = before + HELD_PACKETS + END_PACKETS
        for number, (packet, ends) in enumerate(key_packets(key, self._number, before), before):
            self._at(number * PACKET_S, self._send_key, packet, ends)
        if speaks:
            for number in (*range(before), *range(behind, behind + round(STAYS_S / PACKET_S))):
                self._at(number * PACKET_S, self._send_quiet, number)

    def hang_up(self) -> None:
        self._left = True
        self._request("BYE")

    def hang_up_in(self, seconds: float) -> None:
        self._at(seconds, self.hang_up)

    def say(self, status: str, *, final: bool) -> None:
        """Tell the node what became of its REFER."""
        self._request("NOTIFY", FINAL if final else PENDING, f"SIP/2.0 {status}\r\n")

    def take(self, got: Message, at_ns: int) -> str:
        """What the node said in this dialog; returns what is wrong with it, or nothing."""
        if got.status:
            return self._take_response(got)
        if got.method == "ACK":
            return ""
        if got.method == "REFER":
            return self._take_refer(got, at_ns)
        self._wires.send(reply(got, "200 OK", self._contact))
        if got.method == "BYE":
            return self._take_bye(at_ns)
        return ""

    def _take_response(self, got: Message) -> str:
        if got.status >= 300:
            return f"{got.answers} was answered with {got.first_line[8:]}"
        if got.status >= 200 and got.answers == "BYE":
            self._wires.ended(self)
        if got.status < 200 or got.answers != "INVITE":
            return ""
        self._to, self._target = got.headers["to"], uri_in(got.headers["contact"])
        self._request("ACK", cseq=1)
        if not self._answered:
            self._answered = True
            self.media = media_of(got.body)
            self._on_answer(self)
        return ""

    def _take_refer(self, got: Message, at_ns: int) -> str:
        self._wires.send(reply(got, "202 Accepted", self._contact))
        if not self._keyed_ns:
            return "a REFER came before the key"
        if not self._referred_ns:  # else it was sent again
            self._referred_ns = at_ns
            self.say("100 Trying", final=False)
            self._wires.bring_back(self, uri_in(got.headers["refer-to"]))
        return ""

    def _take_bye(self, at_ns: int) -> str:
        if self.freed:
            return ""  # sent again
        if not self._referred_ns:
            return "the node hung up and sent no REFER"
        self._left = True
        keyed = self._keyed_ns
        self.freed = Freed(self._referred_ns - keyed, at_ns - keyed)
        self._wires.ended(self)
        return ""

    def _at(self, seconds: float, do: Callable[..., None], *what: object) -> None:
        asyncio.get_running_loop().call_later(seconds, do, *what)

    def _send_quiet(self, number: int) -> None:
        self._send_rtp(quiet_packet(number, self._number))

    def _send_key(self, packet: bytes, ends: bool) -> None:
        if ends and not self._keyed_ns:
            self._keyed_ns = time.monotonic_ns()
        self._send_rtp(packet)

    def _send_rtp(self, packet: bytes) -> None:
        """Nothing after the end: the node may have given its port to the next call, which would
        take a late packet of this key for a key of its own."""
        if not self._left:
            self._wires.send_rtp(packet, self.media)

    def _request(
        self, method: str, headers: dict[str, str] | None = None, body: str = "", cseq: int = 0
    ) -> None:
        if not cseq:
            self._cseq += 1
        number = cseq or self._cseq
        host, port = self._wires.here
        branch = f"z9hG4bK{self._number}-{number}-{method}"
        fields = {
            "Via": f"SIP/2.0/UDP {host}:{port};branch={branch}",
            "Max-Forwards": "70",
            "From": self._from,
            "To": self._to,
            "Call-ID": self.call_id,
            "CSeq": f"{number} {method}",
            "Contact": self._contact,
        }
        line = f"{method} {self._target} SIP/2.0"
        self._wires.send(message(line, {**fields, **(headers or {})}, body))
