"""Whether two tickets may be one matter: near in place, in time, and in what was said.

A score from 0 to 1 that says what it is made of. It offers; a person joins.
"""

import re
from collections import Counter
from dataclasses import dataclass
from datetime import datetime, timedelta

WITHIN = timedelta(hours=72)  # two reports further apart than this are two matters
WEIGHTS = {"place": 0.4, "text": 0.35, "time": 0.25}
OFFERED_FROM = 0.6
# For the place, by its house numbers: not the same, or named by one of the two alone.
OTHER_NUMBER, ONE_NUMBER = 0.4, 0.8
NUMBERS = re.compile(r"\d+")
SAME_AREA = 0.2  # for the place, where only the township is the same
NAMED_ALIKE = 0.5  # from here on a place may be one place, though callers name its area differently
SAME_MATTER = 0.5  # for the text, where the desk has given both the same matter
GROUP = 2  # digits of a matter's code that name its group
NO_WORDS = "".join(map(chr, range(0x3000, 0x3040))) + "，。！？；：、（）“”‘’"
SKIPPED = str.maketrans("", "", NO_WORDS + " \t\r\n,.!?;:()\"'-")


@dataclass(frozen=True, slots=True)
class Report:
    """What is compared. text: what was asked for, in the caller's words; opened_at: aware.

    matter: its code, empty before the desk has given one.
    """

    text: str
    place: str
    area: str
    matter: str
    opened_at: datetime


@dataclass(frozen=True, slots=True)
class Likeness:
    """Each part from 0 to 1; score is their weighted sum.

    apart: what keeps them apart whatever they say; empty: nothing does.
    """

    place: float
    text: float
    time: float
    apart: str = ""

    @property
    def score(self) -> float:
        parts = {"place": self.place, "text": self.text, "time": self.time}
        return round(sum(WEIGHTS[name] * value for name, value in parts.items()), 4)

    @property
    def offered(self) -> bool:
        return self.score >= OFFERED_FROM and not self.apart

    def __str__(self) -> str:
        return (
            f"{self.score:.2f} = {WEIGHTS['place']} x place {self.place:.2f}"
            f" + {WEIGHTS['text']} x text {self.text:.2f}"
            f" + {WEIGHTS['time']} x time {self.time:.2f}"
            f"{f', but {self.apart}' if self.apart else ''}"
        )


def likeness(one: Report, other: Report) -> Likeness:
    """The same in both directions. 1 if they say the same of the same place at the same time."""
    text = overlap(_told(one), _told(other))
    if one.matter and one.matter == other.matter:
        text = max(text, SAME_MATTER)
    place = _place(one, other)
    time = _time(one.opened_at - other.opened_at)
    return Likeness(place, text, time, _apart(one, other, place))


def overlap(one: str, other: str) -> float:
    """Of the pairs of neighbouring characters of both texts, the share that both have (Dice).

    Needs no word list, so it takes names of streets and slips of the pen as they come. Texts of
    one character are alike only if they are equal.
    """
    first, second = _pairs(one), _pairs(other)
    every = first.total() + second.total()
    return 2 * (first & second).total() / every if every else 0.0


def _pairs(text: str) -> Counter[str]:
    kept = text.translate(SKIPPED).casefold()
    if len(kept) == 1:
        return Counter({kept: 1})
    return Counter(kept[n : n + 2] for n in range(len(kept) - 1))


def _told(report: Report) -> str:
    """The text without the place, which would be counted twice."""
    return report.text.replace(report.place, " ") if report.place else report.text


def _apart(one: Report, other: Report, place: float) -> str:
    if one.matter and other.matter and one.matter[:GROUP] != other.matter[:GROUP]:
        return "of another matter"
    if one.area and other.area and one.area != other.area and place < NAMED_ALIKE:
        return "in another area"
    return ""


def _place(one: Report, other: Report) -> float:
    named = _contained(NUMBERS.sub("", one.place), NUMBERS.sub("", other.place))
    same_area = bool(one.area) and one.area == other.area
    return max(named * _numbered(one.place, other.place), SAME_AREA if same_area else 0.0)


def _contained(one: str, other: str) -> float:
    """1 if the shorter name stands whole in the longer one: "opposite 12 High Street"."""
    first, second = _pairs(one), _pairs(other)
    fewer = min(first.total(), second.total())
    return (first & second).total() / fewer if fewer else 0.0


def _numbered(one: str, other: str) -> float:
    first, second = NUMBERS.findall(one), NUMBERS.findall(other)
    if first == second:
        return 1.0
    return OTHER_NUMBER if first and second else ONE_NUMBER


def _time(apart: timedelta) -> float:
    return max(0.0, 1 - abs(apart) / WITHIN)
