"""What a telephone sends in a talk: silence or a hum in G.711 A-law, and its keys (RFC 4733)."""

import asyncio
import secrets
import struct
from collections import deque
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from scripts.lab.hearing import RATE, SILENCE, holds_tone, hum
from scripts.lab.sip_dialog import KEYS_PAYLOAD, VOICE_PAYLOAD
from scripts.lab.sip_message import Address

TICK_S, SAMPLES = 0.02, 160
QUIET = bytes([SILENCE]) * SAMPLES
KEYS = "0123456789*#ABCD"
KEY_TICKS, LAST_WORDS = 8, 3  # a key lasts 160 ms; its end is said three times
GAP_S = 0.1
HEADER, MARKER = 12, 0x80
REMEMBERED = 50  # packets: the last second
Packet = bytes


def is_key(packet: Packet) -> bool:
    """Whether it says a key (RFC 4733)."""
    return packet[1] & 0x7F == KEYS_PAYLOAD and len(packet) >= HEADER + 4


def is_first_of_key(packet: Packet) -> bool:
    return is_key(packet) and bool(packet[1] & MARKER)


@dataclass(frozen=True, slots=True)
class KeyPacket:
    """One packet of a key: its event, how many ticks it lasts so far, whether that was its end.

    times: how often the very same datagram is sent, as a network that doubles packets would.
    """

    event: int
    ticks: int
    end: bool = False
    payload: int = KEYS_PAYLOAD
    times: int = 1

    @property
    def body(self) -> bytes:
        end = 0x80 if self.end else 0
        return struct.pack("!BBH", self.event, end | 10, self.ticks * SAMPLES)


def key_packets(event: int) -> Sequence[KeyPacket]:
    """A whole key as telephones send it."""
    begin = [KeyPacket(event, ticks) for ticks in range(1, KEY_TICKS + 1)]
    return [*begin, *([KeyPacket(event, KEY_TICKS, end=True)] * LAST_WORDS)]


class Sound(asyncio.DatagramProtocol):
    """One RTP stream.

    heard counts the packets that came, `keys` are the keys among them, `ear` keeps the last sound.
    first: the number of its first packet; otherwise one of the lowest thousand.
    """

    def __init__(self, first: int | None = None) -> None:
        self.heard = 0
        self.keys = ""
        self._last_key_at = -1
        self.ear: deque[bytes] = deque(maxlen=REMEMBERED)
        self._hum = QUIET
        self.lost = False  # nothing of what is sent arrives any more
        self.drops: Callable[[Packet], bool] = lambda _: False  # what gets lost on its way
        self.to: Address | None = None
        self._number = secrets.randbelow(1000) if first is None else first
        self._time = secrets.randbelow(100000)
        self._source = secrets.randbits(32)
        self._key: deque[KeyPacket] = deque()
        self._key_time, self._key_begins = 0, False
        self._transport: asyncio.DatagramTransport | None = None

    async def open(self, host: str) -> int:
        """Returns the port, a free one."""
        loop = asyncio.get_running_loop()
        made = await loop.create_datagram_endpoint(lambda: self, local_addr=(host, 0))
        self._transport = made[0]
        port: int = self._transport.get_extra_info("sockname")[1]
        return port

    def datagram_received(self, data: bytes, addr: Address) -> None:
        self.heard += 1
        if is_key(data):
            self._hear_key(data)
        else:
            self.ear.append(data[HEADER:])

    def hum(self, hz: int) -> None:
        """In the place of silence; `hz` is a multiple of 50, so that packets join well."""
        if hz * SAMPLES % RATE:
            raise ValueError(f"{hz} Hz is no multiple of {RATE // SAMPLES}")
        self._hum = hum(hz, SAMPLES)

    def hears(self, hz: int) -> bool:
        """Whether this tone is in what came within the last second."""
        return holds_tone(tuple(self.ear), hz)

    def _hear_key(self, data: bytes) -> None:
        at: int = struct.unpack("!I", data[4:8])[0]
        if at != self._last_key_at and data[12] < len(KEYS):
            self._last_key_at, self.keys = at, self.keys + KEYS[data[12]]

    def close(self) -> None:
        if self._transport:
            self._transport.close()

    async def speak(self) -> None:
        """Until cancelled."""
        loop = asyncio.get_running_loop()
        due = loop.time()
        while True:
            self._say()
            due += TICK_S
            await asyncio.sleep(max(0.0, due - loop.time()))

    async def press(self, keys: str) -> None:
        for key in keys:
            await self.send_key(key_packets(KEYS.index(key)))

    async def send_key(self, packets: Iterable[KeyPacket]) -> None:
        """These packets, right or wrong, one a tick and all with one timestamp: that of one key."""
        self._key_time, self._key_begins = self._time, True
        self._key.extend(packets)
        await asyncio.sleep(len(self._key) * TICK_S + GAP_S)

    def _say(self) -> None:
        self._number, self._time = self._number + 1, self._time + SAMPLES
        if self.lost or not self.to or not self._transport or self._transport.is_closing():
            return
        times = 1
        if self._key:
            key, first, self._key_begins = self._key.popleft(), self._key_begins, False
            packet = self._packet(key.payload, self._key_time, key.body, marker=first)
            times = key.times
        else:
            packet = self._packet(VOICE_PAYLOAD, self._time, self._hum)
        for _ in range(0 if self.drops(packet) else times):
            self._transport.sendto(packet, self.to)

    def _packet(self, payload: int, at: int, body: bytes, *, marker: bool = False) -> bytes:
        kind = payload | (MARKER if marker else 0)
        number = self._number & 0xFFFF
        return struct.pack("!BBHII", 0x80, kind, number, at & 0xFFFFFFFF, self._source) + body
