"""The rounds of `scripts/bench maximum`: each side climbs until it loses something."""

import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime

from scripts.benchmarks.contest import Contestant, Played, settle
from scripts.benchmarks.intervals import percentile
from scripts.benchmarks.machine import load
from scripts.benchmarks.search import Search, turns
from scripts.benchmarks.timed_calls import Heard, timed_calls
from scripts.benchmarks.traffic import Stream
from scripts.lab.sipp import Endpoint
from scripts.lab.waiting import NeverHappened

ANSWER_WITHIN_MS = 1000.0  # p99
LATE_MS = 250.0  # callers who begin later than this do not offer the rate that they are said to
LONGEST_CALL_S = 8.0
WARM_UP = 10


@dataclass(frozen=True, slots=True)
class Round:
    """Of one side at one rate. `why` it does not hold; nothing if it does.

    cpu_ms: per call, by part. callers_cores: the stand-in switch's own share of the machine.
    """

    rate: float
    calls: int
    why: str
    answer_ms: Sequence[float]
    release_ms: Sequence[float]
    cpu_ms: dict[str, float]
    callers_cores: float
    load: float

    def as_dict(self) -> dict[str, object]:
        return {
            "rate": self.rate,
            "calls": self.calls,
            "holds": not self.why,
            "why": self.why,
            "answer_ms": times(self.answer_ms),
            "release_ms": times(self.release_ms),
            "cpu_ms_per_call": {part: round(ms, 3) for part, ms in self.cpu_ms.items()},
            "callers_cores": round(self.callers_cores, 3),
            "load": self.load,
        }


@dataclass(slots=True)
class Climb:
    side: Contestant
    search: Search
    rounds: list[Round] = field(default_factory=list)

    def best(self) -> Round | None:
        """The last round at the highest rate that held."""
        held = [each for each in self.rounds if not each.why]
        return max(held, key=lambda each: each.rate, default=None)


def times(values: Sequence[float]) -> dict[str, float]:
    if not values:
        return {}
    return {
        "p50": round(percentile(values, 0.5), 2),
        "p99": round(percentile(values, 0.99), 2),
        "max": round(max(values), 2),
    }


def climb_all(
    sides: Sequence[Contestant],
    at: Endpoint,
    *,
    first: float,
    round_s: float,
    minutes: float,
    tell: Callable[[Climb, Round], None],
) -> list[Climb]:
    """Turn by turn, one round of each side that is not found yet, until all are or time is out."""
    climbs = [Climb(side, Search(first)) for side in sides]
    for side in sides:
        play(side, at, Stream(WARM_UP, first, LONGEST_CALL_S))
    end = time.monotonic() + minutes * 60
    while turn := turns([climb.search for climb in climbs]):
        for number in turn:
            if time.monotonic() > end:
                return climbs
            climb = climbs[number]
            rate = climb.search.next_rate
            stream = Stream(max(WARM_UP, round(rate * round_s)), rate, LONGEST_CALL_S)
            done = play(climb.side, at, stream)
            climb.search.tell(rate, not done.why)
            climb.rounds.append(done)
            tell(climb, done)
    return climbs


def play(side: Contestant, at: Endpoint, stream: Stream) -> Round:
    """One round, with the record behind it; the node is clear again when it returns."""
    host, _, port = side.sip.partition(":")
    before, began, since = side.cpu_s(), time.monotonic(), datetime.now(UTC)
    own = at.host, at.port
    heard = timed_calls(
        stream, at=own, media_port=at.media_port, to=(host, int(port)), user=side.user
    )
    took_s = time.monotonic() - began
    why = judged(heard)
    if not why:
        why = side.lost(Played(heard.call_ids, stream.calls, since))
    after = side.cpu_s()
    with suppress(NeverHappened):  # then the next round fails, and says why
        settle(side)
    cpu = {part: (after[part] - before[part]) * 1000 / stream.calls for part in after}
    cores = heard.callers_cpu_s / took_s
    return Round(
        stream.rate, stream.calls, why, heard.answer_ms, heard.release_ms, cpu, cores, load()
    )


def judged(heard: Heard) -> str:
    """Why a round does not hold by what its callers saw; nothing if it does."""
    if heard.problem:
        return heard.problem
    if heard.late_ms > LATE_MS:
        return f"the callers themselves were {heard.late_ms:.0f} ms late"
    p99 = percentile(heard.answer_ms, 0.99)
    if p99 > ANSWER_WITHIN_MS:
        return f"answer p99 {p99:.0f} ms"
    return ""
