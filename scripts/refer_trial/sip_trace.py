"""SIP messages out of the capture that Asterisk writes (`pjsip set logger pcap`)."""

import re
import struct
from collections.abc import Iterator
from dataclasses import dataclass
from ipaddress import ip_address

FILE_HEADER = struct.Struct("<IHHiIII")
PACKET_HEADER = struct.Struct("<IIII")
MAGIC = 0xA1B2C3D4
ETHERNET = 14  # Asterisk makes up an Ethernet, an IP and a UDP header
UDP = 8
SHORT = {"i": "call-id", "f": "from", "t": "to", "v": "via", "m": "contact", "r": "refer-to"}
STATUS = re.compile(r"SIP/2\.0 ([1-6][0-9][0-9])(?: .*)?")
USER = re.compile(r"<?sips?:([^@>]*)@")


@dataclass(frozen=True, slots=True)
class Message:
    """at: epoch seconds. to: IP address that it went to. status: None for a request."""

    at: float
    to: str
    first_line: str
    headers: dict[str, str]
    body: str

    @property
    def status(self) -> int | None:
        return status_of(self.first_line)

    @property
    def method(self) -> str:
        """Of a request its own, of a response that of the request."""
        if self.status is None:
            return self.first_line.split(" ")[0]
        return self.headers.get("cseq", "").rpartition(" ")[2]

    @property
    def number(self) -> str:
        """CSeq: the same for a message sent again, and for its answer."""
        return self.headers.get("cseq", "").partition(" ")[0]

    @property
    def call_id(self) -> str:
        return self.headers.get("call-id", "")

    @property
    def dialled(self) -> str:
        """User part of the request's URI, as it came."""
        return user_part(self.first_line)

    @property
    def caller(self) -> str:
        return user_part(self.headers.get("from", ""))

    def is_request(self, method: str) -> bool:
        return self.status is None and self.method == method

    def answers(self, method: str, number: str) -> bool:
        return self.status is not None and (self.method, self.number) == (method, number)


def status_of(line: str) -> int | None:
    """The status that a status line says; None: it is none."""
    found = STATUS.fullmatch(line.strip())
    return int(found[1]) if found else None


def user_part(text: str) -> str:
    found = USER.search(text)
    return found[1] if found else ""


def read_messages(capture: bytes) -> list[Message]:
    """In the order of the capture; what is cut or is no SIP is left out."""
    return [message for at, frame in _packets(capture) if (message := _message(at, frame))]


def _packets(capture: bytes) -> Iterator[tuple[float, bytes]]:
    if len(capture) < FILE_HEADER.size or FILE_HEADER.unpack_from(capture)[0] != MAGIC:
        return
    place = FILE_HEADER.size
    while place + PACKET_HEADER.size <= len(capture):
        seconds, micros, kept, _ = PACKET_HEADER.unpack_from(capture, place)
        place += PACKET_HEADER.size
        if place + kept > len(capture):
            return
        yield seconds + micros / 1e6, capture[place : place + kept]
        place += kept


def _message(at: float, frame: bytes) -> Message | None:
    packet = frame[ETHERNET:]
    if len(packet) < 20 + UDP:
        return None
    wide = packet[0] >> 4 == 6
    begins, to = (40, packet[24:40]) if wide else ((packet[0] & 15) * 4, packet[16:20])
    text = packet[begins + UDP :].decode("utf-8", "replace")
    head, _, body = text.partition("\r\n\r\n")
    first, *lines = head.split("\r\n")
    if "SIP/2.0" not in first:
        return None
    return Message(at, str(ip_address(to)), first, _headers(lines), body)


def _headers(lines: list[str]) -> dict[str, str]:
    """Of a header that is there twice the first counts."""
    headers: dict[str, str] = {}
    for line in lines:
        name, _, value = line.partition(":")
        name = name.strip().lower()
        headers.setdefault(SHORT.get(name, name), value.strip())
    return headers
