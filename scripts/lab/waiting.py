"""Waiting for something to be so, with a bound and a reason."""

import time
from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")


class NeverHappened(AssertionError):
    """What was awaited did not come in time; the message names it."""


def wait_until(
    condition: Callable[[], T],
    what: str,
    timeout_s: float,
    *,
    every_s: float = 0.05,
    alive: Callable[[], bool] = lambda: True,
) -> T:
    """Ask until the answer is true, and return it.

    Raises:
        NeverHappened: after `timeout_s`, or at once when `alive` says that it cannot come any more.
    """
    end = time.monotonic() + timeout_s
    while True:
        if answer := condition():
            return answer
        if not alive():
            raise NeverHappened(f"waiting for {what}: the process ended")
        if time.monotonic() > end:
            raise NeverHappened(f"waited {timeout_s:g} s for {what}")
        time.sleep(every_s)
