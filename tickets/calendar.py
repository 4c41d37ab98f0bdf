"""Which days are worked: Monday to Friday, over that the published days, over that a city's own."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from enum import StrEnum

SATURDAY = 5
# The notice that comes out for a year has moved its last week before (31 December 2011).
FIRST_DAY_OF_NEXT_NOTICE = 25


class DayKind(StrEnum):
    WORKING = "working"
    WEEKEND = "weekend"
    HOLIDAY = "holiday"
    MAKE_UP = "make-up"


@dataclass(frozen=True, slots=True)
class SpecialDay:
    """A day that somebody has named, whether it is worked, and its name in both languages."""

    working: bool
    zh: str
    en: str


@dataclass(frozen=True, slots=True)
class Calendar:
    """special: days that differ from the week, or have a name.

    published: the years whose make-up days are known.
    """

    special: Mapping[date, SpecialDay]
    published: frozenset[int]

    def is_working(self, day: date) -> bool:
        special = self.special.get(day)
        return special.working if special else day.weekday() < SATURDAY

    def kind(self, day: date) -> DayKind:
        weekend = day.weekday() >= SATURDAY
        if self.is_working(day):
            return DayKind.MAKE_UP if weekend else DayKind.WORKING
        return DayKind.WEEKEND if weekend and day not in self.special else DayKind.HOLIDAY

    def is_settled(self, day: date) -> bool:
        """Whether no notice that is still to come can change this day."""
        if day.month == 12 and day.day >= FIRST_DAY_OF_NEXT_NOTICE:
            return {day.year, day.year + 1} <= self.published
        return day.year in self.published

    def over(self, special: Mapping[date, SpecialDay], published: frozenset[int]) -> "Calendar":
        """The same with a city's own days and years laid over it."""
        return Calendar({**self.special, **special}, self.published | published)
