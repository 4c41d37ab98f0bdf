"""Which days are worked, and which may still change."""

from datetime import date

from tests.unit.tickets.times import YEAR_2026
from tickets.calendar import Calendar, DayKind, SpecialDay


def test_a_named_day_goes_before_the_week():
    kinds = {
        date(2026, 9, 18): DayKind.WORKING,
        date(2026, 9, 19): DayKind.WEEKEND,
        date(2026, 9, 20): DayKind.MAKE_UP,
        date(2026, 10, 1): DayKind.HOLIDAY,
        date(2026, 10, 4): DayKind.HOLIDAY,
        date(2026, 10, 10): DayKind.MAKE_UP,
    }
    assert {day: YEAR_2026.kind(day) for day in kinds} == kinds
    assert [day.day for day in kinds if YEAR_2026.is_working(day)] == [18, 20, 10]


def test_a_citys_own_day_goes_before_the_published_one():
    typhoon = SpecialDay(False, "台风停工", "typhoon")
    own = YEAR_2026.over({date(2026, 9, 21): typhoon}, frozenset())
    assert not own.is_working(date(2026, 9, 21))
    assert own.kind(date(2026, 9, 21)) is DayKind.HOLIDAY
    assert not own.is_working(date(2026, 10, 1))


def test_a_day_is_settled_once_no_notice_can_change_it():
    assert YEAR_2026.is_settled(date(2026, 12, 24))
    assert not YEAR_2026.is_settled(date(2027, 1, 4))


def test_the_last_week_of_a_year_waits_for_the_next_years_notice():
    last = date(2026, 12, 31)
    assert not YEAR_2026.is_settled(last)
    assert YEAR_2026.over({}, frozenset({2027})).is_settled(last)
    assert not Calendar({}, frozenset({2027})).is_settled(last)
