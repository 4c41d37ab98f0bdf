"""Calls for a long time, nothing else: what grows, and by how much in an hour."""

import csv
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from statistics import linear_regression

from scripts.lab.footprint import footprint
from scripts.lab.node import Node
from scripts.stress.callers import call_list
from scripts.stress.endurance import settle
from scripts.stress.playing import play
from scripts.stress.settings import Place, write_settings

SAMPLE_EVERY_S = 10.0
WARM_UP_SHARE = 0.2  # of the run: caches fill, pools grow to their size
GROWTH_ALLOWED = 0.05  # of the memory after the warm-up, over the rest of the run


@dataclass(frozen=True, slots=True)
class Sample:
    at_s: float
    process: str
    files: int
    memory_kb: int


@dataclass(frozen=True, slots=True)
class Growth:
    """Of one process, after the warm-up. memory_kb_per_h: slope of a straight line through it."""

    process: str
    memory_kb: int
    grown: float
    memory_kb_per_h: float
    files_first: int
    files_last: int

    @property
    def good(self) -> bool:
        return self.grown < GROWTH_ALLOWED and self.files_last <= self.files_first + 4


@dataclass(slots=True)
class Watch:
    """Samples the processes of a node; each sample is a line in a file at once."""

    node: Node
    path: Path
    tell: Callable[[str], None]
    samples: list[Sample] = field(default_factory=list)
    _began: float = field(default_factory=time.monotonic)
    _next: float = 0.0

    def tend(self) -> None:
        now = time.monotonic() - self._began
        if now < self._next:
            return
        self._next = now + SAMPLE_EVERY_S
        taken = [
            Sample(round(now, 1), name, held.files, held.memory_kb)
            for name, held in footprint(self.node).items()
        ]
        self.samples += taken
        with self.path.open("a", newline="") as file:
            csv.writer(file).writerows(
                (one.at_s, one.process, one.files, one.memory_kb) for one in taken
            )
        said = ", ".join(f"{one.process} {one.memory_kb // 1024} MB" for one in taken)
        self.tell(f"{now:7.0f} s: {said}")


@dataclass(frozen=True, slots=True)
class Soak:
    calls: int
    answered: int
    lasted_s: float
    channels_left: int
    growth: Mapping[str, Growth]
    samples: Sequence[Sample]

    @property
    def good(self) -> bool:
        return not self.channels_left and all(one.good for one in self.growth.values())


def soak(
    folder: Path, minutes: float, rate: float, place: Place, tell: Callable[[str], None]
) -> Soak:
    """SQLite as the store. Raises NeverHappened: a process did not come up."""
    node = Node(write_settings(folder, place, ""))
    calls = round(minutes * 60 * rate)
    try:
        node.start()
        watch = Watch(node, folder / "samples.csv", tell)
        lasted_s = play(folder, calls, rate, place, watch.tend)
        listed = call_list(folder)
        settle(node, listed)
        left = len(node.channels())
    finally:
        node.stop()
    answered = sum(leg.answered is True for leg in listed)
    return Soak(len(listed), answered, lasted_s, left, growth(watch.samples), watch.samples)


def growth(samples: list[Sample]) -> dict[str, Growth]:
    """By process. Raises ValueError: fewer than two samples of one after the warm-up."""
    end = max(sample.at_s for sample in samples)
    late = [sample for sample in samples if sample.at_s >= WARM_UP_SHARE * end]
    names = dict.fromkeys(sample.process for sample in late)
    return {name: _growth(name, [one for one in late if one.process == name]) for name in names}


def _growth(name: str, samples: list[Sample]) -> Growth:
    if len(samples) < 2:
        raise ValueError(f"{name}: {len(samples)} samples after the warm-up; let it run longer")
    times = [one.at_s for one in samples]
    slope, start = linear_regression(times, [one.memory_kb for one in samples])
    first = start + slope * times[0]
    grown = slope * (times[-1] - times[0]) / first
    return Growth(
        process=name,
        memory_kb=samples[-1].memory_kb,
        grown=round(grown, 4),
        memory_kb_per_h=round(slope * 3600, 1),
        files_first=samples[0].files,
        files_last=samples[-1].files,
    )
