"""What the worker does, and how often. A further job is one line in scripts/worker.py."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Engine

# Does what is due at that time and returns how much it was. It may run in several workers at the
# same time, and be killed in the middle: claim what you do (db/due_work.py), or make it unique.
# A turn ends within two minutes: a worker that is longer in one is taken for frozen and killed.
Run = Callable[[Engine, datetime], int]


@dataclass(frozen=True, slots=True)
class Job:
    """every_s: the pause between the end of one turn and the beginning of the next."""

    name: str
    every_s: float
    run: Run
