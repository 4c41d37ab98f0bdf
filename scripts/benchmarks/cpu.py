"""CPU seconds of running programs, as the kernel counts them."""

import os
from collections.abc import Iterable, Mapping
from pathlib import Path

PROC = Path("/proc")
UTIME, CSTIME = 11, 14  # of the fields behind the name: utime, stime, cutime, cstime
PARENT = 1


class ProcessGone(RuntimeError):
    """A process that is measured has ended: its figures would be of two processes."""


def cpu_s(pids: Iterable[int], proc: Path = PROC) -> float:
    """User and system time of these processes, of their living children and of the waited-for.

    The kernel's resolution is a tick, 10 ms: take rounds that cost many of them.

    Raises:
        ProcessGone: one of `pids` runs no more.
    """
    roots = set(pids)
    stats = _stats(proc)
    if gone := roots - set(stats):
        raise ProcessGone(f"process {min(gone)} has ended")
    ticks = sum(sum(map(int, stats[pid][UTIME : CSTIME + 1])) for pid in _family(roots, stats))
    return ticks / os.sysconf("SC_CLK_TCK")


def _family(roots: set[int], stats: Mapping[int, list[str]]) -> set[int]:
    family: set[int] = set()
    found = set(roots)
    while found:
        family |= found
        found = {pid for pid, of in stats.items() if int(of[PARENT]) in found} - family
    return family


def _stats(proc: Path) -> dict[int, list[str]]:
    stats: dict[int, list[str]] = {}
    for folder in proc.iterdir():
        if folder.name.isdigit():
            try:
                text = (folder / "stat").read_text()
            except (FileNotFoundError, ProcessLookupError):
                continue
            stats[int(folder.name)] = text.rpartition(")")[2].split()  # a name may hold blanks
    return stats
