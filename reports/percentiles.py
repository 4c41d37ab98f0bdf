"""Percentiles by nearest rank: always a value that was really measured."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import ceil


@dataclass(frozen=True, slots=True)
class Percentiles:
    """None where nothing was measured."""

    count: int
    p50: int | None
    p99: int | None

    def as_dict(self) -> dict[str, int | None]:
        return {"p50": self.p50, "p99": self.p99}


def percentile(ordered: Sequence[int], percent: float) -> int | None:
    """`ordered`: ascending."""
    if not ordered:
        return None
    return ordered[max(0, ceil(len(ordered) * percent / 100) - 1)]


def percentiles(values: Sequence[int]) -> Percentiles:
    ordered = sorted(values)
    return Percentiles(len(ordered), percentile(ordered, 50), percentile(ordered, 99))
