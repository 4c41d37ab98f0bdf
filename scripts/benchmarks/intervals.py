"""Means with their 95 % interval, and what few of many exceed."""

import math
import statistics
from collections.abc import Sequence
from dataclasses import asdict, dataclass

# Two-sided 95 % quantiles of Student's t for 1 to 30 degrees of freedom.
T_95 = (
    12.706, 4.303, 3.182, 2.776, 2.571, 2.447, 2.365, 2.306, 2.262, 2.228,
    2.201, 2.179, 2.160, 2.145, 2.131, 2.120, 2.110, 2.101, 2.093, 2.086,
    2.080, 2.074, 2.069, 2.064, 2.060, 2.056, 2.052, 2.048, 2.045, 2.042,
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Interval:
    """A mean over rounds; `low` and `high` are None for a single round, which says nothing."""

    mean: float
    low: float | None
    high: float | None

    def as_dict(self) -> dict[str, float | None]:
        return {name: _short(value) for name, value in asdict(self).items()}

    def __str__(self) -> str:
        if self.low is None or self.high is None:
            return f"{self.mean:.2f}"
        return f"{self.mean:.2f} ({self.low:.2f} to {self.high:.2f})"


def interval(values: Sequence[float]) -> Interval:
    """The mean and where it lies with 95 %, by t: rounds are few, and vary by themselves."""
    mean = statistics.fmean(values)
    free = len(values) - 1
    if free < 1:
        return Interval(mean, None, None)
    half = t_95(free) * statistics.stdev(values) / math.sqrt(len(values))
    return Interval(mean, mean - half, mean + half)


def t_95(free: int) -> float:
    """Student's t for that many degrees of freedom, one at least; beyond 30 that of 30."""
    return T_95[min(max(free, 1), len(T_95)) - 1]


def percentile(values: Sequence[float], share: float) -> float:
    """The smallest value that `share` (0 to 1) of all values do not exceed."""
    ordered = sorted(values)
    return ordered[max(0, math.ceil(share * len(ordered)) - 1)]


def _short(value: float | None) -> float | None:
    return None if value is None else round(value, 4)
