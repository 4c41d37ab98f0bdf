"""What the package `holidays` knows of China's days, compared with the notices themselves."""

from datetime import date

import pytest

from db.chinese_days import published_calendar
from tickets.calendar import DayKind


@pytest.mark.parametrize(
    ("day", "kind"),
    [  # 国办发明电〔2025〕7号, for 2026
        (date(2026, 1, 2), DayKind.HOLIDAY),
        (date(2026, 1, 4), DayKind.MAKE_UP),
        (date(2026, 2, 14), DayKind.MAKE_UP),
        (date(2026, 2, 23), DayKind.HOLIDAY),
        (date(2026, 2, 28), DayKind.MAKE_UP),
        (date(2026, 5, 9), DayKind.MAKE_UP),
        (date(2026, 9, 20), DayKind.MAKE_UP),
        (date(2026, 10, 7), DayKind.HOLIDAY),
        (date(2026, 10, 8), DayKind.WORKING),
        (date(2026, 10, 10), DayKind.MAKE_UP),
        (date(2026, 11, 29), DayKind.WEEKEND),
    ],
)
def test_2026_is_as_its_notice_says(day, kind):
    assert published_calendar().kind(day) is kind


def test_a_year_without_its_notice_is_not_settled():
    days = published_calendar()
    assert {2024, 2025, 2026} <= days.published
    later = max(days.published) + 1
    assert not days.is_settled(date(later, 6, 1))
    assert not days.is_working(date(later, 10, 1))  # the law names it
    assert days.is_settled(date(later - 1, 6, 1))


def test_holidays_have_their_names_in_both_languages():
    day = published_calendar().special[date(2026, 10, 1)]
    assert (day.working, day.zh, day.en) == (False, "国庆节", "National Day")
