"""What two SIP sides share while they talk: names, tags, numbers, and where the sound goes."""

import re
import secrets
from dataclasses import dataclass, field
from urllib.parse import quote

from scripts.lab.sip_message import Address, Header, Message, address_of, parameter

VOICE_PAYLOAD = 8
KEYS_PAYLOAD = 101
SDP_TYPE: Header = ("Content-Type", "application/sdp")
# What we may do where the other side says what it does.
MIRROR = {"sendonly": "recvonly", "recvonly": "sendonly", "inactive": "inactive"}


@dataclass(slots=True)
class Dialog:
    """`local` and `remote` are whole From and To values; `at` is our own host:port."""

    user: str
    at: str
    local: str
    remote: str
    target: str
    call_id: str = field(default_factory=lambda: secrets.token_hex(12))
    number: int = 0
    invite: Message | None = None

    @property
    def contact(self) -> Header:
        return ("Contact", f"<sip:{self.user}@{self.at}>")

    @property
    def tag(self) -> str:
        return parameter(self.local, "tag")

    @property
    def replaces(self) -> str:
        """This dialog as the other side names it, for the Refer-To of an attended transfer."""
        theirs = parameter(self.remote, "tag")
        return quote(f"{self.call_id};to-tag={theirs};from-tag={self.tag}", safe="")

    def request(self, method: str, *headers: Header, body: str = "") -> Message:
        """Our next request in this dialog."""
        self.number += 1
        names = (
            ("Via", f"SIP/2.0/UDP {self.at};rport;branch=z9hG4bK{secrets.token_hex(8)}"),
            ("From", self.local),
            ("To", self.remote),
            ("Call-ID", self.call_id),
            ("CSeq", f"{self.number} {method}"),
            ("Max-Forwards", "70"),
        )
        own = () if any(name == "Contact" for name, _ in headers) else (self.contact,)
        message = Message(f"{method} {self.target} SIP/2.0", (*names, *own, *headers), body)
        self.invite = message if method == "INVITE" else self.invite
        return message

    def learn(self, answer: Message) -> None:
        """Who answered our INVITE, and where requests to him go."""
        self.remote, self.target = answer.get("To"), answer.contact or self.target


def calling(user: str, at: str, to: str) -> Dialog:
    """Before our first request; `to` is a URI."""
    local = f"<sip:{user}@{at}>;tag={secrets.token_hex(6)}"
    return Dialog(user, at, local, f"<{to}>", to)


def called(user: str, at: str, invite: Message) -> Dialog:
    """After somebody's INVITE."""
    local = f"{invite.get('To')};tag={secrets.token_hex(6)}"
    target = invite.contact or address_of(invite.get("From"))
    return Dialog(user, at, local, invite.get("From"), target, invite.get("Call-ID"))


def sdp(host: str, port: int, *, direction: str = "sendrecv", version: int = 1) -> str:
    """G.711 A-law, and keys as telephone-event."""
    lines = (
        "v=0",
        f"o=- 1 {version} IN IP4 {host}",
        "s=-",
        f"c=IN IP4 {host}",
        "t=0 0",
        f"m=audio {port} RTP/AVP {VOICE_PAYLOAD} {KEYS_PAYLOAD}",
        f"a=rtpmap:{VOICE_PAYLOAD} PCMA/8000",
        f"a=rtpmap:{KEYS_PAYLOAD} telephone-event/8000",
        f"a=fmtp:{KEYS_PAYLOAD} 0-15",
        f"a={direction}",
    )
    return "".join(f"{line}\r\n" for line in lines)


def sound_of(body: str) -> Address | None:
    """Where the other side wants its sound; None without an SDP."""
    host = re.search(r"^c=IN IP4 (\S+)", body, re.MULTILINE)
    port = re.search(r"^m=audio (\d+)", body, re.MULTILINE)
    return (host[1], int(port[1])) if host and port else None


def mirrored(body: str) -> str:
    """Our direction in the answer to this offer."""
    said = re.search(r"^a=(sendonly|recvonly|inactive)", body, re.MULTILINE)
    return MIRROR[said[1]] if said else "sendrecv"
