"""As much SIP as a switch needs that calls, is sent a REFER, and clears its trunk."""

from collections.abc import Mapping
from dataclasses import dataclass

from scripts.lab.sip_text import TELEPHONE_EVENT

Address = tuple[str, int]


@dataclass(frozen=True, slots=True)
class Message:
    """A request or a response. Of a header given twice the first wins; names are lower case."""

    first_line: str
    headers: Mapping[str, str]
    body: str

    @property
    def method(self) -> str:
        """Of a request; empty for a response."""
        return "" if self.status else self.first_line.partition(" ")[0]

    @property
    def status(self) -> int:
        """Of a response; 0 for a request."""
        version, _, rest = self.first_line.partition(" ")
        return int(rest[:3]) if version == "SIP/2.0" else 0

    @property
    def answers(self) -> str:
        """The method that a response answers."""
        return self.headers["cseq"].rpartition(" ")[2]


def parse(data: bytes) -> Message:
    head, _, body = data.decode("utf-8", "replace").partition("\r\n\r\n")
    first, *lines = head.split("\r\n")
    pairs = [line.partition(":")[::2] for line in lines]
    headers = {name.strip().lower(): value.strip() for name, value in reversed(pairs)}
    return Message(first, headers, body)


def message(first_line: str, headers: Mapping[str, str], body: str = "") -> bytes:
    lines = [first_line, *(f"{name}: {value}" for name, value in headers.items())]
    return "\r\n".join((*lines, f"Content-Length: {len(body.encode())}", "", body)).encode()


def reply(to: Message, status: str, contact: str) -> bytes:
    same = {name: to.headers[name] for name in ("via", "from", "to", "call-id", "cseq")}
    return message(f"SIP/2.0 {status}", {**same, "Contact": contact})


def uri_in(header: str) -> str:
    """`"name" <sip:uri>;tag=x` -> `sip:uri`.

    Asterisk writes its Refer-To without brackets, so a semicolon in such a one is the URI's own.
    """
    return header.partition("<")[2].partition(">")[0] if "<" in header else header


def offer(media: Address) -> str:
    host, port = media
    lines = (
        "v=0",
        f"o=- 1 1 IN IP4 {host}",
        "s=-",
        f"c=IN IP4 {host}",
        "t=0 0",
        f"m=audio {port} RTP/AVP 8 {TELEPHONE_EVENT}",
        "a=rtpmap:8 PCMA/8000",
        f"a=rtpmap:{TELEPHONE_EVENT} telephone-event/8000",
        f"a=fmtp:{TELEPHONE_EVENT} 0-15",
        "a=sendrecv",
    )
    return "".join(f"{line}\r\n" for line in lines)


def media_of(answer: str) -> Address:
    """Where the other side of an SDP wants its RTP.

    Raises ValueError: no audio in it.
    """
    host, port = "", 0
    for line in answer.splitlines():
        if line.startswith("c=IN IP4 "):
            host = line[9:]
        elif line.startswith("m=audio "):
            port = int(line.split()[1])
    if not host or not port:
        raise ValueError("the answer has no audio")
    return host, port
