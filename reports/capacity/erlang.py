"""Erlang's formulas B and C, and A (Palm): what share of callers is blocked, waits, gives up.

Loads are in erlangs: calls begun in a mean holding time. Source of each: A. K. Erlang, 1917 (B, C);
C. Palm, 1946, in the notation of Mandelbaum and Zeltyn, "The Palm/Erlang-A queue", 2005 (A).
"""

import math
from collections.abc import Callable
from dataclasses import dataclass

STEPS = 4000  # of an integral; an even number
NEGLIGIBLE = 45.0  # an exponent that far below the largest one adds less than 1e-19 of it


def blocked(load: float, lines: int) -> float:
    """B: the share of calls that find every line taken and are turned away.

    It depends on the holding times by their mean only.
    """
    _check(load, lines)
    share = 1.0
    for n in range(1, lines + 1):
        share = load * share / (n + load * share)
    return share


def load_that_blocks(share: float, lines: int) -> float:
    """The load in erlangs at which that share of calls is blocked: B turned round."""
    if not 0 < share < 1 or lines < 1:
        raise ValueError(f"a share between 0 and 1 and a line at least: {share}, {lines}")
    low, high = 0.0, lines / (1 - share) + 1  # carried load is at most one erlang a line
    while high - low > 1e-12 * high:
        middle = (low + high) / 2
        low, high = (middle, high) if blocked(middle, lines) < share else (low, middle)
    return (low + high) / 2


def lines_for(load: float, share: float) -> int:
    """The fewest lines that block at most that share of calls."""
    _check(load, 0)
    if not 0 < share <= 1:
        raise ValueError(f"a share above 0, at most 1: {share}")
    lines, now = 0, 1.0
    while now > share:
        lines += 1
        now = load * now / (lines + load * now)
    return lines


def waits(load: float, seats: int) -> float:
    """C: the share of callers who wait, where nobody gives up. 1.0 where load reaches seats."""
    if load >= seats:
        return 1.0
    b = blocked(load, seats)
    return b / (1 - load / seats * (1 - b))


def answered_within(load: float, seats: int, seconds: float, talk_s: float) -> float:
    """C: the share of callers who wait at most so long, where nobody ever gives up."""
    if load >= seats:
        return 0.0
    return 1 - waits(load, seats) * math.exp(-(seats - load) * seconds / talk_s)


@dataclass(frozen=True, slots=True)
class Patience:
    """A: callers wait for one of `seats`, each gives up after an exponential time.

    per_s: calls begun in a second; talk_s, patience_s: means.
    """

    per_s: float
    seats: int
    talk_s: float
    patience_s: float

    def __post_init__(self) -> None:
        _check(self.per_s, self.seats)
        if self.seats < 1 or self.talk_s <= 0 or self.patience_s <= 0:
            raise ValueError(f"seats, talk and patience are above 0: {self}")

    @property
    def waits(self) -> float:
        """The share of callers who do not find a free seat."""
        return self._of_all(lambda _: 1.0)

    @property
    def gives_up(self) -> float:
        """The share of callers who leave before they are answered."""
        return self._of_all(lambda x: 1 - math.exp(-x / self.patience_s))

    @property
    def mean_wait_s(self) -> float:
        """Of all callers, those who give up among them."""
        return self.gives_up * self.patience_s

    def answered_within(self, seconds: float) -> float:
        """The share of all callers who are answered in at most so many seconds."""
        late = self._of_all(lambda x: math.exp(-x / self.patience_s), since_s=seconds)
        return min(1.0, max(0.0, 1 - self.gives_up - late))

    def _of_all(self, weight: Callable[[float], float], since_s: float = 0.0) -> float:
        """The weight, over the density of the wait that a caller of endless patience would have."""
        top = self._log_density(self._mode_s)
        waiting = self._integral(lambda x: 1.0, 0.0, top)
        free = math.exp(-top) / (blocked(self.per_s * self.talk_s, self.seats - 1) * self.per_s)
        return self._integral(weight, since_s, top) / (free + waiting)

    def _log_density(self, x: float) -> float:
        lost = self.patience_s * (1 - math.exp(-x / self.patience_s))
        return self.per_s * lost - self.seats * x / self.talk_s

    @property
    def _mode_s(self) -> float:
        """Where it is largest: above 0 only where more calls come than the seats can take."""
        over = self.per_s * self.talk_s / self.seats
        return self.patience_s * math.log(over) if over > 1 else 0.0

    def _integral(self, weight: Callable[[float], float], since_s: float, top: float) -> float:
        """Simpson's rule, scaled by exp(-top), up to where nothing is left to add."""
        end = max(since_s, self._mode_s) + self.talk_s / self.seats
        while self._log_density(end) > top - NEGLIGIBLE:
            end *= 1.5
        if end <= since_s:
            return 0.0
        step = (end - since_s) / STEPS
        total = 0.0
        for n in range(STEPS + 1):
            x = since_s + n * step
            factor = 1 if n in (0, STEPS) else 4 if n % 2 else 2
            total += factor * weight(x) * math.exp(self._log_density(x) - top)
        return total * step / 3


def seats_for(per_s: float, talk_s: float, patience_s: float, share: float, within_s: float) -> int:
    """The fewest seats at which that share of all callers is answered within so many seconds."""
    if not 0 < share < 1:
        raise ValueError(f"a share lies between 0 and 1: {share}")

    def enough(seats: int) -> bool:
        return Patience(per_s, seats, talk_s, patience_s).answered_within(within_s) >= share

    few, many = 0, 1
    while not enough(many):
        few, many = many, 2 * many
    while many - few > 1:
        middle = (few + many) // 2
        few, many = (few, middle) if enough(middle) else (middle, many)
    return many


def _check(load: float, lines: int) -> None:
    if not (math.isfinite(load) and load >= 0) or lines < 0:
        raise ValueError(f"a load and a number of lines are 0 or more: {load}, {lines}")
