"""The ladder of supervision (督办): who is told, when, before a ticket is due and after."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import StrEnum
from typing import Protocol

from tickets.calendar import Calendar
from tickets.lifecycle import CLOCK_RUNS
from tickets.model import Urgency
from tickets.numbers import shanghai_day
from tickets.working_time import ONE_DAY, Measure, WorkingTime

# Whose clock runs. A ticket that waits for the citizen is nobody's fault.
SUPERVISED = CLOCK_RUNS
AT_NIGHT_TOO = frozenset({Urgency.URGENT, Urgency.EMERGENCY})
A_MOMENT = timedelta(microseconds=1)


class Kind(StrEnum):
    REMINDER = "reminder"
    NOTICE = "notice"
    ESCALATION = "escalation"


NUMBERED = frozenset({Kind.NOTICE, Kind.ESCALATION})


class Receiver(StrEnum):
    UNIT = "unit"
    UNIT_HEAD = "unit-head"
    DESK_SUPERVISOR = "desk-supervisor"
    LEADER = "leader"
    LEADERS_MEETING = "leaders-meeting"


class Side(StrEnum):
    BEFORE = "before"
    EXPIRY = "expiry"
    AFTER = "after"


@dataclass(frozen=True, slots=True)
class Rung:
    """offset: empty at the expiry itself. zh, en: texts with `{ticket}` and the like."""

    level: int
    kind: Kind
    to: Receiver
    side: Side
    offset: Measure | None
    zh: str
    en: str

    def at(self, due_at: datetime, time: WorkingTime) -> datetime:
        """When it is reached, whatever the hour."""
        if self.offset is None:
            return due_at
        length = time.length(self.offset)
        if self.side is Side.BEFORE:
            return time.back(self.offset.clock, due_at, length)
        return time.ahead(self.offset.clock, due_at, length)[0]


class Supervised(Protocol):
    """What the ladder asks of a ticket."""

    @property
    def due_at(self) -> datetime: ...
    @property
    def dispatched_at(self) -> datetime | None: ...
    @property
    def urgency(self) -> str: ...


def due_rungs(
    ladder: Sequence[Rung],
    ticket: Supervised,
    now: datetime,
    time: WorkingTime,
    made: Collection[int] = (),
) -> list[Rung]:
    """The rungs that are reached and not made yet, lowest first.

    A reminder beforehand is left out once the ticket is due, and where it would come before the
    dispatch. At night nothing is due but for urgent tickets: it is in the morning.
    """
    loud = ticket.urgency in AT_NIGHT_TOO
    if not loud and time.hours.is_night(now):
        return []
    return [
        rung for rung in ladder if rung.level not in made and _is_reached(rung, ticket, now, time)
    ]


def horizon(ladder: Sequence[Rung], now: datetime, time: WorkingTime) -> datetime:
    """A ticket due after this has reached no rung now."""
    furthest = now
    for rung in ladder:
        if rung.side is Side.BEFORE and rung.offset:
            length = time.length(rung.offset) + A_MOMENT  # free time in front of it counts nothing
            furthest = max(furthest, time.ahead(rung.offset.clock, now, length)[0])
    return furthest


def meeting_on(at: datetime, day: int, calendar: Calendar) -> date:
    """The next meeting after the day of `at`: on this day of a month, or the next that is worked.

    Whoever is told on the day of a meeting is too late for it.
    """
    today = shanghai_day(at)
    year, month = today.year, today.month
    while True:
        meeting = date(year, month, day)
        while not calendar.is_working(meeting):
            meeting += ONE_DAY
        if meeting > today:
            return meeting
        year, month = (year + 1, 1) if month == 12 else (year, month + 1)


def words(text: str, values: dict[str, str]) -> str:
    """The text with its `{names}` filled in; the values are never read as texts themselves."""
    parts = text.split("{")
    filled = [parts[0]]
    for part in parts[1:]:
        name, _, rest = part.partition("}")
        filled += [values[name], rest]
    return "".join(filled)


def _is_reached(rung: Rung, ticket: Supervised, now: datetime, time: WorkingTime) -> bool:
    if rung.side is Side.BEFORE and now >= ticket.due_at:
        return False
    if rung.side is not Side.BEFORE and now < ticket.due_at:
        return False
    at = rung.at(ticket.due_at, time)
    if rung.side is Side.BEFORE and ticket.dispatched_at and at <= ticket.dispatched_at:
        return False
    return at <= now
