"""Deadlines: a city's own days, what each dispatch was given, and who was told that it is late."""

from datetime import date, datetime

from sqlalchemy import Date, Index
from sqlalchemy.orm import Mapped, mapped_column

from db.models.base import Base
from db.types import BigId


class CalendarDayRow(Base):
    """A day that this city works or has off, whatever is published."""

    __tablename__ = "calendar_days"

    day: Mapped[date] = mapped_column(Date, primary_key=True)
    working: Mapped[bool]
    because: Mapped[str]
    by: Mapped[str]
    at: Mapped[datetime]


class CalendarYearRow(Base):
    """A year whose make-up days somebody has entered: nothing in it is provisional any more."""

    __tablename__ = "calendar_years"

    year: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    because: Mapped[str]
    by: Mapped[str]
    at: Mapped[datetime]


class TicketDeadlineRow(Base):
    """The tier that a dispatch was given, in its words: a later change of the file of deadlines
    moves no deadline that has begun.

    version: of the ticket after the dispatch. set_to: the end given by hand in place of the tier's.
    """

    __tablename__ = "ticket_deadlines"

    ticket_id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    version: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    deadline_class: Mapped[str]
    tier: Mapped[str]
    started_at: Mapped[datetime]
    set_to: Mapped[datetime | None]


class SupervisionNoticeRow(Base):
    """One rung of the ladder (tickets/ladder.py) that was reached, once for each `due_at`.

    number: YYYY-NNNN, of notices and escalations. receiver: unit, unit-head, desk-supervisor,
    leader, leaders-meeting. unit: with whom the ticket was. meeting_on: of the leaders, for the
    last rung.
    """

    __tablename__ = "supervision_notices"
    __table_args__ = (
        Index("uq_supervision_notices_once", "ticket_id", "due_at", "level", unique=True),
        Index(None, "made_at", "id"),
        Index(None, "meeting_on"),
    )

    id: Mapped[int] = mapped_column(BigId, primary_key=True, autoincrement=True)
    ticket_id: Mapped[int]
    due_at: Mapped[datetime]
    level: Mapped[int]
    kind: Mapped[str]
    receiver: Mapped[str]
    unit: Mapped[str | None]
    number: Mapped[str | None] = mapped_column(unique=True)
    zh: Mapped[str]
    en: Mapped[str]
    made_at: Mapped[datetime]
    meeting_on: Mapped[date | None] = mapped_column(Date)


class SupervisionCounterRow(Base):
    """The last number of a supervision notice given out in a year."""

    __tablename__ = "supervision_counters"

    year: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    last: Mapped[int]
