"""The rule set: what each key of the menu means, and when."""

from dataclasses import dataclass
from datetime import datetime, time, timedelta, timezone

from routing.model import Mark, Question, Target

# A fixed offset, not a zone file: China has one zone without summer time, and a bare machine
# without tzdata must still decide.
SHANGHAI = timezone(timedelta(hours=8), "Asia/Shanghai")
MINUTES_OF_A_DAY = 24 * 60


@dataclass(frozen=True, slots=True)
class Hours:
    """From `start` (included) to `end` (excluded), local time; wraps midnight if end < start."""

    start: time
    end: time

    def contain(self, at: datetime) -> bool:
        local = at.astimezone(SHANGHAI).time()
        if self.start < self.end:
            return self.start <= local < self.end
        return local >= self.start or local < self.end

    def spans(self) -> tuple[range, ...]:
        """Minutes of the day that are inside, as one range or two."""
        start, end = _minute(self.start), _minute(self.end)
        if start < end:
            return (range(start, end),)
        return (range(start, MINUTES_OF_A_DAY), range(end))

    def __str__(self) -> str:
        return f"{self.start:%H:%M}-{self.end:%H:%M}"


@dataclass(frozen=True, slots=True)
class Lines:
    """Police line slots in use: at least `low`, and below `below` if that is set."""

    low: int = 0
    below: int | None = None

    def contain(self, lines_in_use: int) -> bool:
        return self.low <= lines_in_use and (self.below is None or lines_in_use < self.below)


@dataclass(frozen=True, slots=True)
class Rule:
    """One key's meaning under its conditions; all conditions must hold."""

    id: str
    key: str
    target: Target
    marks: frozenset[Mark] = frozenset()
    hours: Hours | None = None
    lines: Lines = Lines()
    caller_marks: frozenset[Mark] = frozenset()
    unless_caller_marks: frozenset[Mark] = frozenset()

    def matches(self, key: str, question: Question) -> bool:
        return (
            key == self.key
            and (self.hours is None or self.hours.contain(question.at))
            and self.lines.contain(question.lines_in_use)
            and self.caller_marks <= question.caller_marks
            and not self.unless_caller_marks & question.caller_marks
        )

    def overlaps(self, other: "Rule") -> bool:
        """Whether some question could match both."""
        return (
            self.key == other.key
            and _hours_meet(self.hours, other.hours)
            and _lines_meet(self.lines, other.lines)
            and not self.caller_marks & other.unless_caller_marks
            and not other.caller_marks & self.unless_caller_marks
        )


@dataclass(frozen=True, slots=True)
class LanguageKey:
    key: str
    language: str


@dataclass(frozen=True, slots=True)
class Menu:
    """patience_s: seconds of silence after the prompt until the police ring."""

    enabled: bool = True
    language: str = "zh"
    patience_s: float = 2.0
    wrong_keys_allowed: int = 1


@dataclass(frozen=True, slots=True)
class RuleSet:
    """A rule set that may go live. `version` is the first 8 hex digits of its text's SHA-256."""

    version: str
    text: str
    source: str
    menu: Menu
    languages: tuple[LanguageKey, ...]
    rules: tuple[Rule, ...]

    def knows(self, key: str) -> bool:
        return any(rule.key == key for rule in self.rules)

    def match(self, key: str, question: Question) -> Rule | None:
        """The one rule that holds; parsing has refused any two that could both hold."""
        return next((rule for rule in self.rules if rule.matches(key, question)), None)

    def language_of(self, key: str) -> str | None:
        return next((entry.language for entry in self.languages if entry.key == key), None)


def _minute(at: time) -> int:
    return at.hour * 60 + at.minute


def _hours_meet(one: Hours | None, other: Hours | None) -> bool:
    if one is None or other is None:
        return True
    return any(
        max(a.start, b.start) < min(a.stop, b.stop) for a in one.spans() for b in other.spans()
    )


def _lines_meet(one: Lines, other: Lines) -> bool:
    low = max(one.low, other.low)
    return all(below is None or low < below for below in (one.below, other.below))
