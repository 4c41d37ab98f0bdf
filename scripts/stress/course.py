"""The course of a long run: what waits, what is stored, and what happened when."""

import time
from dataclasses import dataclass, field

from sqlalchemy import func, select
from sqlalchemy.exc import SQLAlchemyError

from db.engine import reading
from db.models import CallLegRow
from scripts.cli.backlog import journal_backlog
from scripts.lab.node import Node

SAMPLE_EVERY_S = 2.0


@dataclass(frozen=True, slots=True)
class Moment:
    """stored: legs in the store; waiting: steps in the journal. None: it could not be asked."""

    at_s: float
    stored: int | None
    waiting: int | None


@dataclass(frozen=True, slots=True)
class Event:
    at_s: float
    what: str


@dataclass(slots=True)
class Course:
    """Seconds since it was made. `tend` samples when it is due."""

    node: Node
    moments: list[Moment] = field(default_factory=list)
    events: list[Event] = field(default_factory=list)
    _began: float = field(default_factory=time.monotonic)
    _next: float = 0.0

    def happened(self, what: str) -> None:
        self.events.append(Event(self._now(), what))

    def tend(self) -> None:
        now = self._now()
        if now < self._next:
            return
        self._next = now + SAMPLE_EVERY_S
        backlog = journal_backlog(self.node.settings)
        waiting = backlog.waiting if backlog else None
        self.moments.append(Moment(now, self._stored(), waiting))

    def _stored(self) -> int | None:
        try:
            with reading(self.node.engine) as session:
                return session.scalar(select(func.count()).select_from(CallLegRow))
        except SQLAlchemyError:
            return None

    def _now(self) -> float:
        return round(time.monotonic() - self._began, 1)
