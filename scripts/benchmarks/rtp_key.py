"""A caller's RTP: silence, and a key as events (RFC 4733) with three packets that say its end."""

import struct
from collections.abc import Iterator

from scripts.lab.sip_text import TELEPHONE_EVENT

PACKET_S = 0.02
TICKS = 160  # of 8000 Hz in one packet's time
HELD_PACKETS = 5
END_PACKETS = 3
HELD_S = HELD_PACKETS * PACKET_S  # from the first packet to the first that says the end
KEYS = "0123456789*#"
VOLUME = 10
ALAW = 8
SILENCE = b"\xd5" * TICKS


def key_packets(key: str, source: int, after: int = 0) -> Iterator[tuple[bytes, bool]]:
    """Each packet, and whether it says the end; one is due every PACKET_S.

    `after`: packets of the same source that went before.
    """
    event, started = KEYS.index(key), TICKS * after
    for number in range(HELD_PACKETS + END_PACKETS):
        ends = number >= HELD_PACKETS
        kind = TELEPHONE_EVENT | (0x80 if number == 0 else 0)
        duration = TICKS * (min(number, HELD_PACKETS) + 1)
        head = _header(kind, after + number, started, source)
        yield head + struct.pack("!BBH", event, (0x80 if ends else 0) | VOLUME, duration), ends


def quiet_packet(number: int, source: int) -> bytes:
    """20 ms of silence in G.711 A-law: the number-th packet of its source."""
    return _header(ALAW, number, TICKS * number, source) + SILENCE


def _header(kind: int, number: int, ticks: int, source: int) -> bytes:
    return struct.pack("!BBHII", 0x80, kind, 1 + number, ticks, source % 2**32)
