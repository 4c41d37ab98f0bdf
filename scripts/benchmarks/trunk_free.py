"""From the key's first end packet to the trunk dialog gone, as the switch sees both."""

import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from scripts.benchmarks.intervals import Interval, percentile
from scripts.benchmarks.sides import Side
from scripts.benchmarks.switch import refer_calls
from scripts.benchmarks.switch_call import Freed
from scripts.benchmarks.traffic import Stream
from scripts.lab.sipp import Endpoint

WARM_UP = 20  # calls of each side that nobody counts
RESAMPLES = 1000
SEED = 110  # the interval of one set of times is always the same
NS_IN_A_MS = 1_000_000


@dataclass(frozen=True, slots=True)
class Spans:
    """Milliseconds."""

    calls: int
    p50: float
    p99: float
    most: float

    def as_dict(self) -> dict[str, float]:
        figures = {"p50": self.p50, "p99": self.p99, "max": self.most}
        return {"calls": self.calls, **{name: round(ms, 3) for name, ms in figures.items()}}


def spans(values: Sequence[float]) -> Spans:
    p50, p99 = percentile(values, 0.5), percentile(values, 0.99)
    return Spans(len(values), p50, p99, max(values))


@dataclass(frozen=True, slots=True)
class Pair:
    """One round of each side, call by call."""

    pure: Sequence[Freed]
    ours: Sequence[Freed]


@dataclass(frozen=True, slots=True)
class Times:
    """All counted rounds of a run."""

    each: Sequence[Pair]

    @property
    def pure(self) -> Spans:
        return spans([gone_ms(call) for pair in self.each for call in pair.pure])

    @property
    def ours(self) -> Spans:
        return spans([gone_ms(call) for pair in self.each for call in pair.ours])

    @property
    def pure_referred(self) -> Spans:
        return spans([referred_ms(call) for pair in self.each for call in pair.pure])

    @property
    def ours_referred(self) -> Spans:
        return spans([referred_ms(call) for pair in self.each for call in pair.ours])

    def p99_over(self) -> Interval:
        """Our p99 less that of the pure dialplan. Its 95 % interval is by bootstrap.

        Calls of one round share what disturbed it, so pairs are drawn, and then calls in them.
        """
        rounds = [
            ([gone_ms(call) for call in pair.pure], [gone_ms(call) for call in pair.ours])
            for pair in self.each
        ]
        found = self.ours.p99 - self.pure.p99
        chance = random.Random(SEED)
        drawn = [_drawn(rounds, chance) for _ in range(RESAMPLES)]
        return Interval(found, percentile(drawn, 0.025), percentile(drawn, 0.975))


def gone_ms(call: Freed) -> float:
    return call.gone_ns / NS_IN_A_MS


def referred_ms(call: Freed) -> float:
    return call.referred_ns / NS_IN_A_MS


def measure_trunk_free(
    pure: Side,
    ours: Side,
    at: Endpoint,
    rounds: int,
    stream: Stream,
    tell: Callable[[Pair], None],
) -> Times:
    """Raises CallFailed, CallLost: then there are no figures."""
    for side in (pure, ours):
        _round(side, at, Stream(WARM_UP, stream.rate))
    pairs = []
    for _ in range(rounds):
        pair = Pair(_round(pure, at, stream), _round(ours, at, stream))
        tell(pair)
        pairs.append(pair)
    return Times(pairs)


def _round(side: Side, at: Endpoint, stream: Stream) -> Sequence[Freed]:
    host, _, port = side.sip.partition(":")
    freed = refer_calls(
        stream, at=(at.host, at.port), media_port=at.media_port, to=(host, int(port))
    )
    side.await_record(stream.calls)
    return freed


def _drawn(rounds: Sequence[tuple[list[float], list[float]]], chance: random.Random) -> float:
    pure: list[float] = []
    ours: list[float] = []
    for of_pure, of_ours in chance.choices(rounds, k=len(rounds)):
        pure += chance.choices(of_pure, k=len(of_pure))
        ours += chance.choices(of_ours, k=len(of_ours))
    return percentile(ours, 0.99) - percentile(pure, 0.99)
