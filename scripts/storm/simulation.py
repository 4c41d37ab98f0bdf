"""The model of a four-line switch as a discrete simulation: hours in a second, for the long run."""

import heapq
import itertools
import random
from collections.abc import Callable
from dataclasses import dataclass

from reports.capacity.hour import Habits, Kind, Mix, Release, World
from scripts.storm.callers import LINES, ONE_CALLER_EVERY_S, Caller, callers, somebody

E1_CHANNELS = 30


@dataclass(frozen=True, slots=True)
class Attempt:
    """One INVITE that came to the switch.

    tries: how often this caller was blocked before. gave_up: blocked, and he does not call again.
    line_s: how long the attempt held a police line; 0 when blocked. seat_after_s: from the caller's
    first attempt to the ring of a police seat; None: none rang for this attempt.
    """

    at: float
    kind: Kind
    tries: int
    blocked: bool
    gave_up: bool
    line_s: float
    seat_after_s: float | None


def simulate(
    world: World,
    mix: Mix,
    habits: Habits,
    hours: float,
    seed: int,
    *,
    lines: int = LINES,
    channels: int = E1_CHANNELS,
) -> list[Attempt]:
    """Every attempt of so many busy hours of one switch, in order.

    The same seed gives the same callers in every world.
    """
    return _Simulation(world, mix, habits, seed, lines, channels).run(hours * 3600)


class _Simulation:
    """`channels` of the trunk: a caller who was released by redirect keeps his to the end."""

    def __init__(
        self, world: World, mix: Mix, habits: Habits, seed: int, lines: int, channels: int
    ) -> None:
        self.world, self.mix, self.habits = world, mix, habits
        self.lines_free, self.channels_free = lines, channels
        self.attempts: list[Attempt] = []
        self._coming = callers(mix, habits, random.Random(seed))
        self._again = random.Random(f"again {seed}")
        self._one = random.Random(f"one {seed}")
        self._due: list[tuple[float, int, Callable[[float], None]]] = []
        self._numbers = itertools.count()

    def run(self, ends: float) -> list[Attempt]:
        self._next_comes()
        if self.mix.one_caller:
            self._in(self._one.uniform(0, ONE_CALLER_EVERY_S), self._one_calls)
        while self._due[0][0] < ends:
            now, _, happens = heapq.heappop(self._due)
            happens(now)
        return self.attempts

    def _in(self, at: float, happens: Callable[[float], None]) -> None:
        heapq.heappush(self._due, (at, next(self._numbers), happens))

    def _next_comes(self) -> None:
        caller = next(self._coming)

        def comes(now: float) -> None:
            self._calls(now, caller, 0)
            self._next_comes()

        self._in(caller.at, comes)

    def _one_calls(self, now: float) -> None:
        """He calls again whatever came of it, and so often that it makes 73 calls in 90 minutes."""
        caller = somebody(now, Kind.ONE, self.habits, self._one)
        held_s = self._take(now, caller, 0, gives_up=True)
        if held_s:  # nobody is in two calls: who was handed over talks to the desk first
            held_s += caller.desk_takes_s(self.world, self.habits)
        pause_s = max(ONE_CALLER_EVERY_S - caller.police_s(self.world, self.habits), 5.0)
        self._in(now + held_s + self._one.expovariate(1 / pause_s), self._one_calls)

    def _calls(self, now: float, caller: Caller, tries: int) -> None:
        again = tries < self.habits.redials_at_most and self._again.random() < self.habits.redials
        if self._take(now, caller, tries, gives_up=not again) or not again:
            return
        pause_s = self._again.expovariate(1 / self.habits.redial_after_s)
        self._in(now + pause_s, lambda at: self._calls(at, caller, tries + 1))

    def _take(self, now: float, caller: Caller, tries: int, *, gives_up: bool) -> float:
        """Seconds that the police had him; 0: blocked."""
        if self.lines_free < 1 or self.channels_free < 1:
            self._saw(now, caller, tries, gives_up=gives_up)
            return 0.0
        line_s = caller.police_s(self.world, self.habits)
        desk_s = caller.desk_takes_s(self.world, self.habits)
        keeps_s = desk_s if self.world.release is Release.REDIRECT else 0.0
        self.lines_free -= 1
        self.channels_free -= 1
        self._in(now + line_s, self._line_is_free)
        self._in(now + line_s + keeps_s, self._channel_is_free)
        self._saw(now, caller, tries, line_s=line_s)
        return line_s

    def _line_is_free(self, _: float) -> None:
        self.lines_free += 1

    def _channel_is_free(self, _: float) -> None:
        self.channels_free += 1

    def _saw(
        self, now: float, caller: Caller, tries: int, *, gives_up: bool = False, line_s: float = 0.0
    ) -> None:
        rings = line_s and caller.rings_police(self.world)
        seat_after_s = now - caller.at + caller.seat_after_s(self.world, self.habits)
        self.attempts.append(
            Attempt(
                at=now,
                kind=caller.kind,
                tries=tries,
                blocked=not line_s,
                gave_up=gives_up and not line_s,
                line_s=line_s,
                seat_after_s=seat_after_s if rings else None,
            )
        )
