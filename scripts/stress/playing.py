"""Plays every kind of caller at once, and looks after things meanwhile."""

import time
from collections.abc import Callable
from pathlib import Path

from scripts.stress.callers import KINDS, call, calls_of, seats
from scripts.stress.settings import Place

LONGEST_CALL_S = 60.0
SLOWER_AT_MOST = 3.0  # SIPp holds a stream back whose callers wait for the few seats of the police
TENDED_EVERY_S = 0.05


def play(folder: Path, calls: int, rate: float, place: Place, tend: Callable[[], None]) -> float:
    """Call until every stream has ended; `tend` is called all the while. Returns the seconds.

    A caller whose call fails, because Asterisk was killed, is no fault of this function.
    """
    began = time.monotonic()
    telephones = seats(folder, place.switch, place.seats_port)
    streams = [
        call(
            folder,
            kind,
            calls_of(kind, calls),
            rate * kind.share,
            place=number,
            host=place.switch,
            to=f"{place.node}:5060",
        )
        for number, kind in enumerate(KINDS, 1)
    ]
    try:
        while any(stream.running for stream in streams):
            if time.monotonic() - began > SLOWER_AT_MOST * calls / rate + LONGEST_CALL_S:
                break
            tend()
            time.sleep(TENDED_EVERY_S)
    finally:
        for process in (*streams, telephones):
            process.stop()
    return round(time.monotonic() - began, 1)
