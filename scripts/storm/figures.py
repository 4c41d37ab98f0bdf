"""What a storm came to: shares with intervals, times, and Erlang B's figure for the same input."""

import math
import statistics
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from reports.capacity.erlang import blocked
from reports.capacity.hour import Kind
from scripts.benchmarks.intervals import percentile, t_95
from scripts.storm.callers import LINES
from scripts.storm.simulation import Attempt

BLOCK_S = 300.0
Switches = Sequence[Sequence[Attempt]]


@dataclass(frozen=True, slots=True)
class Share:
    """A share with its 95 % interval."""

    value: float
    low: float
    high: float

    def __contains__(self, value: float) -> bool:
        return self.low <= value <= self.high

    def __str__(self) -> str:
        return f"{self.value:.1%} ({self.low:.1%} to {self.high:.1%})"


@dataclass(frozen=True, slots=True)
class Figures:
    """Of one world under one mix.

    blocked: of all attempts. emergencies_blocked: of their attempts. emergencies_lost: of the
    people in danger who never got through. seat_p50_s, seat_p99_s: from an emergency's first
    attempt to the ring of a police seat, of those who got through. line_s: mean time that an
    attempt which was taken held a police line; line_s_not_police: the same of calls that were not
    for the police. erlang_b: the formula's blocking for the attempts and times that were seen.
    """

    attempts: int
    hours: float
    blocked: Share
    emergencies: int
    emergencies_blocked: Share
    emergencies_lost: Share
    seat_p50_s: float
    seat_p99_s: float
    line_s: float
    line_s_not_police: float
    erlang_b: float


def figures(switches: Switches, hours: float, *, lines: int = LINES) -> Figures:
    """`switches`: the attempts of each switch, in `hours` of each.

    Raises:
        ValueError: no attempt was taken, or no emergency came.
    """
    every = [attempt for switch in switches for attempt in switch]
    taken = [attempt for attempt in every if not attempt.blocked]
    police = [attempt for attempt in every if attempt.kind is Kind.POLICE]
    seats = [a.seat_after_s for a in police if a.seat_after_s is not None]
    if not taken or not seats:
        raise ValueError(f"{len(every)} attempts, {len(taken)} taken, {len(seats)} emergencies")
    line_s = statistics.fmean(attempt.line_s for attempt in taken)
    per_s = len(every) / (len(switches) * hours * 3600)
    return Figures(
        attempts=len(every),
        hours=hours * len(switches),
        blocked=share(switches, lambda a: True, lambda a: a.blocked),
        emergencies=sum(a.tries == 0 for a in police),
        emergencies_blocked=share(switches, lambda a: a.kind is Kind.POLICE, lambda a: a.blocked),
        emergencies_lost=share(
            switches, lambda a: a.kind is Kind.POLICE and _is_last(a), lambda a: a.gave_up
        ),
        seat_p50_s=percentile(seats, 0.5),
        seat_p99_s=percentile(seats, 0.99),
        line_s=line_s,
        line_s_not_police=statistics.fmean(
            [a.line_s for a in taken if a.kind is not Kind.POLICE] or [0.0]
        ),
        erlang_b=blocked(per_s * line_s, lines),
    )


def share(
    switches: Switches, of: Callable[[Attempt], bool], counts: Callable[[Attempt], bool]
) -> Share:
    """How many of them. Blocking comes in bursts of minutes: blocks of BLOCK_S vary, not calls.

    The interval is that of a ratio over blocks (Cochran, Sampling Techniques, 1977, 6.3). Where
    none or all count, it is the rule of three.
    """
    sums = _blocks(switches, of, counts)
    value, every = _ratio(sums), sum(all_ for all_, _ in sums)
    if not every or value in (0.0, 1.0):
        unseen = min(1.0, 3 / every) if every else 1.0
        return Share(value, max(0.0, value - unseen), min(1.0, value + unseen))
    spread = sum((some - value * all_) ** 2 for all_, some in sums)
    blocks = len(sums)
    half = t_95(blocks - 1) * math.sqrt(spread * blocks / max(1, blocks - 1)) / every
    return Share(value, max(0.0, value - half), min(1.0, value + half))


def _blocks(
    switches: Switches, of: Callable[[Attempt], bool], counts: Callable[[Attempt], bool]
) -> list[tuple[int, int]]:
    """Of each block of each switch: how many there are, and how many of them count."""
    sums: dict[tuple[int, int], tuple[int, int]] = {}
    for n, switch in enumerate(switches):
        for attempt in filter(of, switch):
            block = n, int(attempt.at // BLOCK_S)
            every, some = sums.get(block, (0, 0))
            sums[block] = every + 1, some + counts(attempt)
    return list(sums.values())


def _ratio(sums: Sequence[tuple[int, int]]) -> float:
    every = sum(all_ for all_, _ in sums)
    return sum(some for _, some in sums) / every if every else 0.0


def _is_last(attempt: Attempt) -> bool:
    return attempt.gave_up or not attempt.blocked
