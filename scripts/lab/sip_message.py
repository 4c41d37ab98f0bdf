"""One SIP message, read and written: what a telephone of the lab says and hears."""

import re
from dataclasses import dataclass

Header = tuple[str, str]
Address = tuple[str, int]
COPIED = ("Via", "From", "To", "Call-ID", "CSeq")  # from a request into its answer


@dataclass(frozen=True, slots=True)
class Message:
    """`start` is the request line or the status line."""

    start: str
    headers: tuple[Header, ...]
    body: str = ""

    def all(self, name: str) -> list[str]:
        return [value for key, value in self.headers if key.lower() == name.lower()]

    def get(self, name: str) -> str:
        """The first header of that name; empty if there is none."""
        return next(iter(self.all(name)), "")

    @property
    def status(self) -> int:
        """0 of a request."""
        return int(self.start.split()[1]) if self.start.startswith("SIP/2.0 ") else 0

    @property
    def method(self) -> str:
        """Of an answer: the method of its request."""
        return self.get("CSeq").rpartition(" ")[2] if self.status else self.start.split()[0]

    @property
    def uri(self) -> str:
        return self.start.split()[1]

    @property
    def number(self) -> int:
        """The number in CSeq."""
        return int(self.get("CSeq").split()[0])

    @property
    def branch(self) -> str:
        return parameter(self.get("Via"), "branch")

    @property
    def contact(self) -> str:
        """The URI in Contact; empty if there is none."""
        return address_of(self.get("Contact"))

    def encode(self) -> bytes:
        body = self.body.encode()
        lines = [self.start, *(f"{name}: {value}" for name, value in self.headers)]
        return "\r\n".join([*lines, f"Content-Length: {len(body)}", "", ""]).encode() + body


def parse(data: bytes) -> Message:
    """Raises ValueError: it is no SIP message."""
    head, _, body = data.decode("utf-8", errors="replace").partition("\r\n\r\n")
    start, *lines = re.sub(r"\r\n[ \t]+", " ", head).split("\r\n")
    if "SIP/2.0" not in start:
        raise ValueError(f"no SIP message: {start[:80]!r}")
    pairs = (line.partition(":") for line in lines)
    headers = tuple((name.strip(), value.strip()) for name, _, value in pairs)
    return Message(start, tuple(h for h in headers if h[0].lower() != "content-length"), body)


def answer_to(
    request: Message, status: str, *headers: Header, tag: str = "", body: str = ""
) -> Message:
    """`tag` is put into To where it has none yet."""
    copied = [(name, value) for name in COPIED for value in request.all(name)]
    if tag and not parameter(request.get("To"), "tag"):
        copied = [(n, f"{v};tag={tag}" if n == "To" else v) for n, v in copied]
    return Message(f"SIP/2.0 {status}", (*copied, *headers), body)


def ack_of(invite: Message, answer: Message) -> Message:
    """The ACK: of a success to the other side's Contact, of a refusal in the same transaction."""
    taken = answer.status < 300
    uri = (answer.contact or invite.uri) if taken else invite.uri
    branch = f"{invite.branch}-ack" if taken else invite.branch
    headers = (
        ("Via", invite.get("Via").replace(invite.branch, branch)),
        ("From", invite.get("From")),
        ("To", answer.get("To")),
        ("Call-ID", invite.get("Call-ID")),
        ("CSeq", f"{invite.number} ACK"),
        ("Max-Forwards", "70"),
    )
    return Message(f"ACK {uri} SIP/2.0", headers)


def cancel_of(invite: Message) -> Message:
    kept = [(name, invite.get(name)) for name in ("Via", "From", "To", "Call-ID")]
    headers = (*kept, ("CSeq", f"{invite.number} CANCEL"), ("Max-Forwards", "70"))
    return Message(f"CANCEL {invite.uri} SIP/2.0", headers)


def parameter(value: str, name: str) -> str:
    """`;name=...` of a header; empty if there is none."""
    outside = value.rpartition(">")[2] if ">" in value else value
    found = re.search(rf";\s*{name}=([^;,\s]+)", outside, re.IGNORECASE)
    return found[1] if found else ""


def address_of(value: str) -> str:
    """The URI of a header like From or Contact."""
    found = re.search(r"<([^>]*)>", value)
    return found[1] if found else value.partition(";")[0].strip()
