"""Search for the highest rate that holds: climb by steps, then halve what is left. Pure."""

import math
from collections.abc import Sequence
from dataclasses import dataclass, field

STEP = 1.5  # from a rate that held to the next one
FINE = 1.1  # what failed is at most so much over what held: then it is found
TRIES = 2  # other work takes the cores for a moment: a rate has failed when it failed so often


@dataclass(slots=True)
class Search:
    """`held` is the answer once `over`; 0 says that not even the lowest rate was held."""

    first: float
    lowest: float = 1.0
    held: float = 0.0
    failed: float | None = None
    _fails: int = 0
    tried: list[tuple[float, bool]] = field(default_factory=list)

    @property
    def over(self) -> bool:
        if self.failed is None:
            return False
        return self.failed <= max(self.held * FINE, self.lowest)

    @property
    def next_rate(self) -> float:
        """Calls a second of the next round; the same again until it has failed TRIES times."""
        if self.failed is None:
            return round(self.held * STEP, 1) if self.held else self.first
        if not self.held:
            return max(self.lowest, round(self.failed / 2, 1))
        return round(math.sqrt(self.held * self.failed), 1)

    def tell(self, rate: float, held: bool) -> None:
        self.tried.append((rate, held))
        if held:
            self.held, self._fails = max(self.held, rate), 0
            return
        self._fails += 1
        if self._fails == TRIES:
            self.failed, self._fails = rate, 0


def share(of: float, whole: float) -> float | None:
    """None where there is nothing to take a share of."""
    return of / whole if whole else None


def turns(searches: Sequence[Search]) -> list[int]:
    """Who plays in this turn: each that is not over, one behind the other."""
    return [number for number, search in enumerate(searches) if not search.over]
