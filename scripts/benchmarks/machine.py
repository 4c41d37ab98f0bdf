"""What a figure was measured on, and how busy it was."""

import os
import platform
from dataclasses import asdict, dataclass


@dataclass(frozen=True, slots=True)
class Machine:
    """`load` is the average of the last minute: before it began others were at work, or nobody."""

    cores: int
    load_before: float
    load_after: float
    system: str
    python: str

    def as_dict(self) -> dict[str, object]:
        return asdict(self)


def load() -> float:
    return round(os.getloadavg()[0], 2)


def machine(load_before: float) -> Machine:
    cores = len(os.sched_getaffinity(0))
    python = platform.python_version()
    return Machine(cores, load_before, load(), f"{platform.system()} {platform.release()}", python)
