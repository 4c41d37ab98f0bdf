"""What is wrong with a channel that Asterisk has. No I/O."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from ivr.ami_snapshot import Channel

SIP = "PJSIP/"


def in_talks(channels: Sequence[Channel]) -> list[Channel]:
    """SIP channels that share a bridge with somebody."""
    fullness = Counter(channel.bridge for channel in channels if channel.bridge)
    return [c for c in channels if c.name.startswith(SIP) and fullness[c.bridge] > 1]


def stuck_in_agi(channels: Iterable[Channel], longest_s: float) -> tuple[str, ...]:
    return tuple(
        c.name
        for c in channels
        if c.application == "AGI" and c.up_s > longest_s and c.name.startswith(SIP)
    )


@dataclass(slots=True)
class SoundWatch:
    """Since when no packet of sound came in from a side of a talk."""

    after_s: float
    _moved: dict[str, tuple[int, float]] = field(default_factory=dict)

    def look(self, packets: Mapping[str, int], now_s: float) -> tuple[str, ...]:
        """`packets`: those in a talk now, and how many packets came in so far."""
        self._moved = {
            name: kept if (kept := self._moved.get(name)) and kept[0] == count else (count, now_s)
            for name, count in packets.items()
        }
        return tuple(n for n, (_, since) in self._moved.items() if now_s - since >= self.after_s)
