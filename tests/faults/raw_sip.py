"""SIP as bytes from an address of our choice, right or wrong: nothing here mends a message."""

import secrets
import socket
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, field

from scripts.lab.sip_dialog import SDP_TYPE, sdp
from scripts.lab.sip_message import Address, Header, Message, ack_of, parse

BIGGEST = 65507  # bytes of a UDP datagram


@dataclass(slots=True)
class RawSip:
    """One socket at `at` towards the node."""

    node: Address
    socket: socket.socket
    heard: list[Message] = field(default_factory=list)

    @property
    def at(self) -> str:
        host, port = self.socket.getsockname()
        return f"{host}:{port}"

    def say(self, data: bytes) -> None:
        self.socket.sendto(data, self.node)

    def listen(self, seconds: float, until_final: int = 0) -> list[int]:
        """The statuses heard from now on, until so many final ones came or the time is over."""
        statuses: list[int] = []
        ends = time.monotonic() + seconds
        while (left := ends - time.monotonic()) > 0:
            self.socket.settimeout(left)
            try:
                message = parse(self.socket.recv(BIGGEST))
            except (TimeoutError, ValueError):
                continue
            self.heard.append(message)
            statuses.append(message.status)
            if until_final and sum(status >= 200 for status in statuses) >= until_final:
                break
        return statuses

    def final(self, seconds: float = 3) -> int:
        """The first final status; 0: nobody answered."""
        return next((s for s in self.listen(seconds, 1) if s >= 200), 0)

    def request(
        self, method: str, user: str = "110", *, number: str = "13800000000", body: str = ""
    ) -> Message:
        uri = f"sip:{user}@{self.node[0]}:{self.node[1]}"
        headers: tuple[Header, ...] = (
            ("Via", f"SIP/2.0/UDP {self.at};rport;branch={branch()}"),
            ("From", f"<sip:{number}@{self.at}>;tag={secrets.token_hex(6)}"),
            ("To", f"<{uri}>"),
            ("Call-ID", secrets.token_hex(12)),
            ("CSeq", f"1 {method}"),
            ("Max-Forwards", "70"),
            ("Contact", f"<sip:{number}@{self.at}>"),
        )
        return Message(f"{method} {uri} SIP/2.0", (*headers, *([SDP_TYPE] if body else [])), body)

    def invite(self, number: str, body: str = "") -> Message:
        """A good one, as long as nobody spoils it."""
        body = body or sdp(self.at.partition(":")[0], 40000)
        return self.request("INVITE", number=number, body=body)

    def hang_up(self, invite: Message, answer: Message) -> None:
        """ACK an answered INVITE and end its call."""
        ack = ack_of(invite, answer)
        self.say(ack.encode())
        bye = with_header(ack, "CSeq", "2 BYE")
        bye = with_header(bye, "Via", invite.get("Via").replace(invite.branch, branch()))
        self.say(Message(ack.start.replace("ACK", "BYE", 1), bye.headers).encode())


def branch() -> str:
    return f"z9hG4bK{secrets.token_hex(8)}"


def with_header(message: Message, name: str, *values: str) -> Message:
    """The message with these values in the place of that header; none: without it."""
    kept = tuple((n, v) for n, v in message.headers if n != name)
    added = tuple((name, value) for value in values)
    return Message(message.start, (*added, *kept), message.body)


@contextmanager
def raw_sip(host: str, node: Address) -> Iterator[RawSip]:
    with closing(socket.socket(socket.AF_INET, socket.SOCK_DGRAM)) as own:
        own.bind((host, 0))
        own.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 4 * BIGGEST)
        yield RawSip(node, own)
