"""A file of deadlines (config/deadlines.toml): classes with their tiers, hours, the ladder."""

import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import time
from itertools import pairwise
from typing import Any

from tickets.calendar import Calendar
from tickets.deadline_problems import (
    DeadlineRulesRejected,
    Faults,
    Problem,
    Table,
    lines_of,
)
from tickets.ladder import Kind, Receiver, Rung, Side
from tickets.model import ServiceClass, Urgency
from tickets.working_time import Hours, Measure, MeasureUnknown, WorkingTime, measure

LARGEST = 64_000  # bytes
LONGEST_LINE = 1000  # tomllib needs minutes for a name of thousands of dots
UNITS = ("minute", "hour", "day")
PLACES = ("ticket", "title", "unit", "due", "number", "meeting")
SPAN = re.compile(r"([01][0-9]|2[0-3]):([0-5][0-9])-([01][0-9]|2[0-3]):([0-5][0-9])\Z", re.ASCII)
NAME = re.compile(r"[a-z][a-z0-9-]{0,39}\Z", re.ASCII)
BRACED = re.compile(r"\{([^{}]*)\}|[{}]")
SPANS_MEAN = 'write "08:00-12:00"'
A_MINUTE = measure("1 minute")


class DeadlineClassUnknown(LookupError):
    """The file has no such class."""


@dataclass(frozen=True, slots=True)
class DeadlineClass:
    name: str
    zh: str
    en: str
    tiers: Mapping[Urgency, Measure]


@dataclass(frozen=True, slots=True)
class DeadlineRules:
    """classes: by name. of_service: class of service -> name. ladders: by the unit of a tier."""

    classes: Mapping[str, DeadlineClass]
    default: str
    of_service: Mapping[str, str]
    hours: Hours
    ladders: Mapping[str, tuple[Rung, ...]]
    meeting_day: int

    def class_for(self, service_class: str | None) -> str:
        return self.of_service.get(service_class or "", self.default)

    def tier(self, name: str, urgency: str) -> Measure:
        """Raises DeadlineClassUnknown: the message lists those that there are."""
        found = self.classes.get(name)
        if found is None:
            known = ", ".join(sorted(self.classes))
            raise DeadlineClassUnknown(f"no deadline class is called {name}: {known}")
        return found.tiers[Urgency(urgency)]

    def time(self, calendar: Calendar) -> WorkingTime:
        return WorkingTime(calendar, self.hours)


def parse_deadlines(content: str | bytes, source: str) -> DeadlineRules:
    """`source` is the name that the problems show.

    Raises:
        DeadlineRulesRejected: with every problem that could be found, each with its line.
    """
    text = _decoded(content, source)
    faults = Faults(source, lines_of(text))
    root = Table(_toml(text, source), "", faults)
    root.allow("default", "office", "night", "meeting", "class", "ladder")
    classes, of_service = _classes(root)
    default = root.text("default")
    if default and default not in classes:
        root.wrong("default", f"no [class.{default}] stands below")
    rules = DeadlineRules(
        classes=classes,
        default=default,
        of_service=of_service,
        hours=_hours(root),
        ladders=_ladders(root),
        meeting_day=_meeting_day(root),
    )
    faults.raise_if_any()
    return rules


def _decoded(content: str | bytes, source: str) -> str:
    if len(content) > LARGEST:
        raise DeadlineRulesRejected((Problem(source, 1, "", f"longer than {LARGEST} bytes"),))
    if isinstance(content, str):
        return content
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content[: error.start].count(b"\n") + 1
        raise DeadlineRulesRejected(
            (Problem(source, line, "", "is not UTF-8: save it in UTF-8"),)
        ) from None


def _toml(text: str, source: str) -> dict[str, Any]:
    for number, each in enumerate(text.split("\n"), start=1):
        if len(each) > LONGEST_LINE:
            raise DeadlineRulesRejected(
                (Problem(source, number, "", f"longer than {LONGEST_LINE} characters"),)
            )
    try:
        return tomllib.loads(text)
    except ValueError as error:  # also a date that is none, or a number of 5,000 digits
        found = re.search(r"at line (\d+)", str(error))
        line = int(found[1]) if found else text.count("\n") + 1
        raise DeadlineRulesRejected((Problem(source, line, "", str(error)),)) from None
    except RecursionError:
        raise DeadlineRulesRejected((Problem(source, 1, "", "nested too deeply"),)) from None


def _classes(root: Table) -> tuple[dict[str, DeadlineClass], dict[str, str]]:
    classes: dict[str, DeadlineClass] = {}
    of_service: dict[str, str] = {}
    tables = root.table("class")
    for name in tables.data:
        table = tables.table(name)
        if not NAME.match(name):
            tables.wrong(name, "a class is named with a-z, 0-9 and -")
        table.allow("zh", "en", "service_classes", *Urgency)
        tiers = {urgency: _measure(table, urgency) for urgency in Urgency}
        classes[name] = DeadlineClass(name, table.text("zh"), table.text("en"), tiers)
        for service in _services(table):
            if (other := of_service.setdefault(service, name)) != name:
                table.wrong("service_classes", f"{service} is named by class {other} too")
    return classes, of_service


def _services(table: Table) -> list[str]:
    value = table.data.get("service_classes", [])
    known = tuple(each.value for each in ServiceClass)
    if not isinstance(value, list) or any(each not in known for each in value):
        table.wrong("service_classes", f"must be a list of {', '.join(known)}, not {value!r}")
        return []
    return value


def _measure(table: Table, name: str) -> Measure:
    text = table.text(name)
    if not text:
        return A_MINUTE
    try:
        return measure(text)
    except MeasureUnknown as unknown:
        table.wrong(name, str(unknown))
        return A_MINUTE


def _hours(root: Table) -> Hours:
    office, night = root.table("office"), root.table("night")
    office.allow("hours")
    night.allow("hours")
    value = office.data.get("hours")
    spans = [_span(office, each) for each in value] if isinstance(value, list) else []
    if not spans:
        office.wrong("hours", f"must be a list of spans: {SPANS_MEAN}")
    ends = [end for span in spans if span for end in span]
    if any(a >= b for a, b in pairwise(ends)):
        office.wrong("hours", "must go forward through one day, without overlap")
    dark = _span(night, night.text("hours")) or (time(22), time(7))
    if dark[0] == dark[1]:
        night.wrong("hours", "begins when it ends: no time would be left by day")
    return Hours(tuple(span for span in spans if span), *dark)


def _span(table: Table, value: object) -> tuple[time, time] | None:
    match = SPAN.match(value) if isinstance(value, str) else None
    if match is None:
        if value != "":
            table.wrong("hours", f"{value!r} is no span of hours: {SPANS_MEAN}")
        return None
    hour, minute, until_hour, until_minute = map(int, match.groups())
    return time(hour, minute), time(until_hour, until_minute)


def _meeting_day(root: Table) -> int:
    meeting = root.table("meeting")
    meeting.allow("day")
    return meeting.whole("day", 1, 28)


def _ladders(root: Table) -> dict[str, tuple[Rung, ...]]:
    tables = root.table("ladder")
    tables.allow(*UNITS)
    ladders = {}
    for unit in UNITS:
        rungs = [_rung(table) for table in tables.tables(unit)]
        if not rungs:
            tables.wrong(unit, f"is missing: write [[ladder.{unit}]] for each rung")
        levels = [rung.level for rung in rungs]
        if levels != sorted(set(levels)):
            tables.wrong(unit, f"levels must go up, each once, not {levels}")
        ladders[unit] = tuple(rungs)
    return ladders


def _rung(table: Table) -> Rung:
    table.allow("level", "kind", "to", "when", "zh", "en")
    side, offset = _when(table)
    return Rung(
        level=table.whole("level", 1, 99),
        kind=Kind(table.one_of("kind", tuple(Kind))),
        to=Receiver(table.one_of("to", tuple(Receiver))),
        side=side,
        offset=offset,
        zh=_words(table, "zh"),
        en=_words(table, "en"),
    )


def _when(table: Table) -> tuple[Side, Measure | None]:
    text = table.text("when")
    length, _, side = text.rpartition(" ")
    if text in ("", "expiry"):
        return Side.EXPIRY, None
    if side not in (Side.BEFORE, Side.AFTER):
        table.wrong("when", f"{text!r}: write `1 working day before`, `expiry` or `1 hour after`")
        return Side.EXPIRY, None
    try:
        return Side(side), measure(length)
    except MeasureUnknown as unknown:
        table.wrong("when", str(unknown))
        return Side(side), None


def _words(table: Table, name: str) -> str:
    text = table.text(name)
    for found in BRACED.finditer(text):
        if found[1] not in PLACES:
            table.wrong(name, f"{found[0]} names nothing: {', '.join(PLACES)} can be named")
    return text
