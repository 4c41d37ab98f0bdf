"""What is wrong with a channel that Asterisk has. No I/O."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from ivr.ami_snapshot import Channel

SIP = "PJSIP/"
LEAKED_AFTER_S = 5.0  # a channel that has lost its dialog needs a moment to go


@dataclass(frozen=True, slots=True)
class Side:
    """has_dialog: Asterisk still knows its Call-ID. packets: of sound that came in; None: no
    stream.
    """

    name: str
    has_dialog: bool
    on_hold: bool
    packets: int | None


def stuck_in_agi(channels: Iterable[Channel], longest_s: float) -> tuple[str, ...]:
    return tuple(
        c.name
        for c in channels
        if c.application == "AGI" and c.up_s > longest_s and c.name.startswith(SIP)
    )


def in_talks(channels: Sequence[Channel]) -> set[str]:
    """Names of those that share a bridge with somebody."""
    fullness = Counter(channel.bridge for channel in channels if channel.bridge)
    return {channel.name for channel in channels if fullness[channel.bridge] > 1}


@dataclass(slots=True)
class Sides:
    """Since when a side has no dialog, or no packet came in from it in a talk."""

    silent_after_s: float
    leaked: tuple[str, ...] = ()
    silent: tuple[str, ...] = ()
    _gone: dict[str, float] = field(default_factory=dict)
    _heard: dict[str, tuple[int, float]] = field(default_factory=dict)

    def look(self, sides: Sequence[Side], talks: set[str], now_s: float) -> None:
        """`talks`: names of the channels in a talk now."""
        gone = [side.name for side in sides if not side.has_dialog]
        self._gone = {name: self._gone.get(name, now_s) for name in gone}
        self.leaked = _older(self._gone, now_s - LEAKED_AFTER_S)
        speak = [s for s in sides if s.has_dialog and s.name in talks and not s.on_hold]
        self._heard = {s.name: self._last(s, now_s) for s in speak if s.packets is not None}
        since = {name: at for name, (_, at) in self._heard.items()}
        self.silent = _older(since, now_s - self.silent_after_s)

    def _last(self, side: Side, now_s: float) -> tuple[int, float]:
        known = self._heard.get(side.name)
        count = side.packets or 0
        return known if known and known[0] == count else (count, now_s)


def _older(since: Mapping[str, float], than_s: float) -> tuple[str, ...]:
    return tuple(name for name, at in since.items() if at <= than_s)
