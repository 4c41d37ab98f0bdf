"""China's published holidays and make-up days, out of the package `holidays`."""

from functools import lru_cache

from tickets.calendar import Calendar, SpecialDay

FIRST, LAST = 2020, 2035
MAKE_UP = ("调休上班", "Make-up workday")


@lru_cache(maxsize=1)
def published_calendar() -> Calendar:
    """Of the years FIRST to LAST. A year is published if the package knows make-up days of it:
    the State Council's notice has always named some. In later years the package reckons only the
    days that the law names.
    """
    from holidays import country_holidays  # takes long to read, and few commands need it

    years = range(FIRST, LAST + 1)
    chinese, english = (
        country_holidays("CN", years=years, language=language) for language in ("zh_CN", "en_US")
    )
    special = {day: SpecialDay(False, chinese[day], english[day]) for day in english}
    make_up = [day for day in english.weekend_workdays if day.year in years]
    special |= {day: SpecialDay(True, *MAKE_UP) for day in make_up}
    return Calendar(special, frozenset(day.year for day in make_up))
