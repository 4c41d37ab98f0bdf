"""What a run of one target came to."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

GOAL = 10_000_000  # inputs of each parser


@dataclass(slots=True)
class Found:
    """inputs: how many were eaten; crashes: each kind of failure once, with its file."""

    name: str
    inputs: int = 0
    seconds: float = 0.0
    slowest_ms: float = 0.0
    crashes: dict[str, Path] = field(default_factory=dict)
    way: str = "changed seeds"

    @property
    def per_second(self) -> float:
        return self.inputs / self.seconds if self.seconds else 0.0

    def __str__(self) -> str:
        rate = f"{self.inputs} inputs, {self.per_second:.0f}/s, slowest {self.slowest_ms:.0f} ms"
        bad = "".join(f"\n    {what}: {file}" for what, file in self.crashes.items())
        return f"{self.name} ({self.way}): {rate}, {len(self.crashes)} crashes{bad}"

    def as_dict(self) -> dict[str, Any]:
        """hours_to_goal: how long this way takes for GOAL inputs on one core."""
        hours = GOAL / self.per_second / 3600 if self.inputs else None
        return {
            "target": self.name,
            "way": self.way,
            "inputs": self.inputs,
            "seconds": round(self.seconds, 1),
            "per_second": round(self.per_second),
            "hours_to_goal": None if hours is None else round(hours, 2),
            "slowest_ms": round(self.slowest_ms, 1),
            "crashes": {what: str(file) for what, file in self.crashes.items()},
        }
