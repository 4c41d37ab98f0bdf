"""A calendar of 2026 as the tests of deadlines use it, and times of Asia/Shanghai."""

from datetime import date, datetime, time, timedelta

from hypothesis import strategies as st

from tickets.calendar import Calendar, SpecialDay
from tickets.numbers import SHANGHAI
from tickets.working_time import Hours, WorkingTime

HOURS = Hours(
    ((time(8), time(12)), (time(14, 30), time(17, 30))),
    night_from=time(22),
    night_until=time(7),
)
NATIONAL_DAY = SpecialDay(False, "国庆节", "National Day")
MAKE_UP = SpecialDay(True, "调休上班", "Make-up workday")
SPECIAL = {
    date(2026, 9, 20): MAKE_UP,
    date(2026, 9, 25): SpecialDay(False, "中秋节", "Mid-Autumn Festival"),
    **{date(2026, 10, n): NATIONAL_DAY for n in range(1, 8)},
    date(2026, 10, 10): MAKE_UP,
}
YEAR_2026 = Calendar(SPECIAL, frozenset({2026}))
TIME = WorkingTime(YEAR_2026, HOURS)


def at(text: str) -> datetime:
    """`2026-09-28 09:00` in Asia/Shanghai."""
    return datetime.fromisoformat(text).replace(tzinfo=SHANGHAI)


def half_hours(first: datetime, days: int) -> st.SearchStrategy[datetime]:
    """Times on the half hour, for which a plain count of half hours can be the judge."""
    return st.integers(0, days * 48).map(lambda n: first + n * timedelta(minutes=30))
