"""Feeds one target for a while; what breaks it or stops it is kept as a file."""

import hashlib
import random
import signal
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from types import FrameType

from scripts.fuzzing.found import Found
from scripts.fuzzing.mutate import mutated

HANG_S = 2.0
STOP_AFTER = 20  # different failures: enough to mend


Eats = Callable[[bytes], None]


class Hung(BaseException):
    """One input took longer than HANG_S. Not an Exception: no parser may swallow it."""


def fuzz(
    name: str, eats: Eats, seeds: Sequence[bytes], seconds: float, keep: Path, *, seed: int = 110
) -> Found:
    """Main thread only: the watchdog is a timer of the process."""
    dice, found = random.Random(seed), Found(name)
    trial = one_by_one(eats, found, keep)
    begins = time.monotonic()
    for data in seeds:
        trial(data)
    while time.monotonic() - begins < seconds and len(found.crashes) < STOP_AFTER:
        trial(mutated(dice, seeds))
    found.seconds = time.monotonic() - begins
    return found


def one_by_one(eats: Eats, found: Found, keep: Path) -> Callable[[bytes], None]:
    def trial(data: bytes) -> None:
        began = time.perf_counter()
        try:
            with watched(HANG_S):
                eats(data)
        except (Exception, Hung) as fault:  # whatever it is, it is what we look for
            _keep(fault, data, found, keep)
        found.inputs += 1
        found.slowest_ms = max(found.slowest_ms, 1000 * (time.perf_counter() - began))

    return trial


@contextmanager
def watched(seconds: float) -> Iterator[None]:
    before = signal.signal(signal.SIGALRM, _hung)
    signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


def _hung(number: int, frame: FrameType | None) -> None:
    raise Hung(f"longer than {HANG_S:g} s")


def _keep(fault: BaseException, data: bytes, found: Found, keep: Path) -> None:
    where = fault.__traceback__
    while where and where.tb_next:
        where = where.tb_next
    line = f"{where.tb_frame.f_code.co_name}:{where.tb_lineno}" if where else "?"
    what = "hang" if isinstance(fault, Hung) else f"{type(fault).__name__} at {line}"
    if what in found.crashes:
        return
    keep.mkdir(parents=True, exist_ok=True)
    file = keep / f"{found.name}-{hashlib.sha256(data).hexdigest()[:12]}"
    file.write_bytes(data)
    found.crashes[what] = file
