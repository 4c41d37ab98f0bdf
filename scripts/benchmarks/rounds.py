"""Rounds in pairs: first the pure dialplan, then ours, the same calls, nothing else in between."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from scripts.benchmarks.intervals import Interval, interval
from scripts.benchmarks.sides import Side
from scripts.benchmarks.switch import speaking_calls
from scripts.benchmarks.traffic import Stream, play
from scripts.lab.sipp import Endpoint

WARM_UP = 20  # calls of each side that nobody counts: first-time work is not a call's cost


@dataclass(frozen=True, slots=True)
class Pair:
    """CPU milliseconds per call, by part; of one round of each side."""

    pure: Mapping[str, float]
    ours: Mapping[str, float]

    @property
    def ratio(self) -> float:
        return sum(self.ours.values()) / sum(self.pure.values())

    def as_dict(self) -> dict[str, object]:
        return {
            "pure": _short(self.pure),
            "ours": _short(self.ours),
            "ratio": round(self.ratio, 4),
        }


@dataclass(frozen=True, slots=True)
class Pairs:
    """All counted rounds of a run."""

    each: Sequence[Pair]

    @property
    def ratio(self) -> Interval:
        return interval([pair.ratio for pair in self.each])

    @property
    def pure_ms(self) -> Interval:
        return interval([sum(pair.pure.values()) for pair in self.each])

    @property
    def ours_ms(self) -> Interval:
        return interval([sum(pair.ours.values()) for pair in self.each])

    def part_ms(self, part: str) -> Interval:
        return interval([pair.ours[part] for pair in self.each])

    def part_ratio(self, part: str) -> Interval:
        """What this part adds to the ratio, in units of the pure dialplan's CPU."""
        return interval([pair.ours[part] / sum(pair.pure.values()) for pair in self.each])


class Bench:
    """Holds both sides and calls them; each round ends when its last call is on record."""

    def __init__(
        self, folder: Path, pure: Side, ours: Side, callers: Endpoint, *, speak: bool = False
    ) -> None:
        self._folder, self._callers, self._speak = folder, callers, speak
        self._pure, self._ours = pure, ours
        self._played = 0

    def run(self, rounds: int, stream: Stream, tell: Callable[[Pair], None]) -> Pairs:
        """Raises CallLost, CallFailed, ProcessGone: then there are no figures."""
        for side in (self._pure, self._ours):
            self._play(side, Stream(WARM_UP, stream.rate))
        pairs = []
        for _ in range(rounds):
            pair = Pair(self._round(self._pure, stream), self._round(self._ours, stream))
            tell(pair)
            pairs.append(pair)
        return Pairs(pairs)

    def _round(self, side: Side, stream: Stream) -> dict[str, float]:
        before = side.cpu_s()
        self._play(side, stream)
        after = side.cpu_s()
        return {part: (after[part] - before[part]) * 1000 / stream.calls for part in after}

    def _play(self, side: Side, stream: Stream) -> None:
        self._played += 1
        name = f"round-{self._played}"
        at = self._callers
        if self._speak:
            host, _, port = side.sip.partition(":")
            own = at.host, at.port
            speaking_calls(stream, at=own, media_port=at.media_port, to=(host, int(port)))
        else:
            play(self._folder, name, stream, at=at, to=side.sip)
        side.await_record(stream.calls)


def _short(values: Mapping[str, float]) -> dict[str, float]:
    return {name: round(value, 3) for name, value in values.items()}
