"""The calendar of this city: what is published, and its own days over that."""

from collections.abc import Sequence
from datetime import date, datetime

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from db.chinese_days import published_calendar
from db.models import CalendarDayRow, CalendarYearRow
from db.upserts import upsert
from tickets.calendar import Calendar, SpecialDay


def load_calendar(session: Session, *, base: Calendar | None = None) -> Calendar:
    """base: what is published; without it, as the package `holidays` knows it."""
    days = session.scalars(select(CalendarDayRow)).all()
    years = session.scalars(select(CalendarYearRow.year)).all()
    special = {each.day: SpecialDay(each.working, each.because, each.because) for each in days}
    return (base or published_calendar()).over(special, frozenset(years))


def set_day(
    session: Session, day: date, *, working: bool, because: str, by: str, at: datetime
) -> None:
    row = {"day": day, "working": working, "because": because, "by": by, "at": at}
    upsert(session, CalendarDayRow, [row])


def forget_day(session: Session, day: date) -> bool:
    """The day is again as published. False: it was."""
    gone = delete(CalendarDayRow).where(CalendarDayRow.day == day).returning(CalendarDayRow.day)
    return session.execute(gone).first() is not None


def publish_year(session: Session, year: int, *, because: str, by: str, at: datetime) -> None:
    """Every make-up day of the year is entered: deadlines into it are final."""
    row = {"year": year, "because": because, "by": by, "at": at}
    upsert(session, CalendarYearRow, [row])


def days_set(session: Session, year: int) -> Sequence[CalendarDayRow]:
    """By day."""
    first, last = date(year, 1, 1), date(year, 12, 31)
    query = select(CalendarDayRow).where(CalendarDayRow.day.between(first, last))
    return session.scalars(query.order_by(CalendarDayRow.day)).all()
