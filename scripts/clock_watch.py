"""Sees a step of the wall clock: the guard on a silent bridge runs on it (FACTS: TIMEOUT)."""

import time
from collections.abc import Callable
from dataclasses import dataclass

STEP_S = 1.0  # slewing moves the clock by 0.5 ms a second at most; a second between looks is a step
STANDS_FOR_S = 600.0  # whoever is called at night shall still find the alarm


@dataclass(slots=True)
class ClockWatch:
    """Compares the wall clock with the one that cannot be set, at each look."""

    wall: Callable[[], float] = time.time
    steady: Callable[[], float] = time.monotonic
    stands_for_s: float = STANDS_FOR_S
    steps: int = 0
    _before: float | None = None
    _last: tuple[float, float] | None = None  # (steady time, by how much)

    def look(self) -> float | None:
        """By how many seconds the wall clock has stepped since the last look; None: it has not."""
        now = self.steady()
        ahead = self.wall() - now
        before, self._before = self._before, ahead
        if before is None or abs(ahead - before) < STEP_S:
            return None
        self.steps += 1
        self._last = (now, ahead - before)
        return ahead - before

    @property
    def stepped_s(self) -> float | None:
        """The last step, as long as it is news."""
        if self._last is None or self.steady() - self._last[0] > self.stands_for_s:
            return None
        return self._last[1]
