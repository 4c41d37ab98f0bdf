"""A key as RTP events (RFC 4733): packets while it is held, and three that say its end."""

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


def key_packets(key: str, source: int) -> Iterator[tuple[bytes, bool]]:
    """Each packet, and whether it says the end; one is due every PACKET_S."""
    event, started = KEYS.index(key), 8000
    for number in range(HELD_PACKETS + END_PACKETS):
        ends = number >= HELD_PACKETS
        marker = 0x80 if number == 0 else 0
        duration = TICKS * (min(number, HELD_PACKETS) + 1)
        header = struct.pack(
            "!BBHII", 0x80, marker | TELEPHONE_EVENT, 1 + number, started, source % 2**32
        )
        yield header + struct.pack("!BBH", event, (0x80 if ends else 0) | VOLUME, duration), ends
