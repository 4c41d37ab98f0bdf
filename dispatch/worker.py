"""Runs the jobs, each in a thread of its own: one that waits for a mail server holds up no other.

A job that fails is told once and tried again, with ever longer pauses up to a minute. Asked to
stop, each ends the turn that it is in.
"""

import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime

import structlog
from sqlalchemy import Engine
from sqlalchemy.exc import SQLAlchemyError

from dispatch.jobs import Job

log = structlog.get_logger(__name__)

LONGEST_PAUSE_S = 60.0


@dataclass(slots=True)
class Turns:
    """What one job has done; read by others while it works. Times are of the steady clock.

    ran: turns that ended well. last_s: when the last one did. busy_since_s: None between turns.
    """

    ran: int = 0
    failed: int = 0
    did: int = 0
    failures_in_a_row: int = 0
    last_s: float | None = None
    busy_since_s: float | None = None
    moved_s: float = field(default_factory=time.monotonic)


class Worker:
    """clock: the time of day, aware."""

    def __init__(
        self,
        engine: Engine,
        jobs: Sequence[Job],
        stop: threading.Event,
        clock: Callable[[], datetime],
    ) -> None:
        self._engine, self._jobs, self._stop, self._clock = engine, jobs, stop, clock
        self.turns = {job.name: Turns() for job in jobs}

    def run(self, alive: Callable[[], None], *, every_s: float = 1.0) -> None:
        """Until `stop`, and then until each job has ended its turn."""
        threads = [
            threading.Thread(target=self._keep_running, args=(job,), name=job.name)
            for job in self._jobs
        ]
        for thread in threads:
            thread.start()
        while not self._stop.wait(every_s):
            alive()
        for thread in threads:
            while thread.is_alive():
                thread.join(every_s)
                alive()

    def run_once(self) -> int:
        """Each job one turn, here and now; how much they did. Raises what a job raises."""
        return sum(job.run(self._engine, self._clock()) for job in self._jobs)

    def _keep_running(self, job: Job) -> None:
        turns = self.turns[job.name]
        while not self._stop.is_set():
            self.turn(job)
            pause_s = job.every_s * 2.0 ** min(turns.failures_in_a_row, 16)
            self._stop.wait(max(job.every_s, min(LONGEST_PAUSE_S, pause_s)))

    def turn(self, job: Job) -> None:
        """One turn, with its failure told and counted."""
        turns = self.turns[job.name]
        turns.busy_since_s = turns.moved_s = time.monotonic()
        try:
            did = job.run(self._engine, self._clock())
        except Exception as fault:
            turns.failed += 1
            turns.failures_in_a_row += 1
            if turns.failures_in_a_row == 1:
                _tell(job, fault)
        else:
            if turns.failures_in_a_row:
                log.warning("job.well_again", job=job.name, failures=turns.failures_in_a_row)
            turns.ran, turns.did, turns.failures_in_a_row = turns.ran + 1, turns.did + did, 0
            turns.last_s = time.monotonic()
            if did:
                log.info("job.done", job=job.name, did=did)
        finally:
            turns.busy_since_s, turns.moved_s = None, time.monotonic()

    def longest_turn_s(self) -> float:
        """How long the job that has been busy longest is in its turn."""
        now_s = time.monotonic()
        since = [turns.busy_since_s for turns in self.turns.values()]
        return max((now_s - at for at in since if at is not None), default=0.0)


def _tell(job: Job, fault: Exception) -> None:
    """A store that is away is no fault of ours: one line. Never a statement's parameters."""
    if isinstance(fault, SQLAlchemyError):
        inner = getattr(fault, "orig", None) or fault
        first = (str(inner).splitlines() or [type(inner).__name__])[0]
        log.error("job.failed", job=job.name, problem=first[:300])
    else:
        log.error("job.failed", job=job.name, exc_info=fault)
