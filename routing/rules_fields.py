"""One field of a rules file each: read it, or say what is wrong and how to mend it."""

import difflib
import re
from collections.abc import Collection
from datetime import time
from typing import Any

from routing.model import Mark
from routing.problems import Faults
from routing.ruleset import Hours, Lines

KEYS = "0123456789*#"
NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,39}\Z")
HOURS = re.compile(r"([01]\d|2[0-3]):([0-5]\d)-(?:([01]\d|2[0-3]):([0-5]\d)|24:00)\Z", re.ASCII)
LINES = re.compile(r"(>=|<)\s*(\d{1,4})\Z", re.ASCII)
MAX_LINES = 9999
MARKS = {str(mark): mark for mark in Mark}


class Table:
    """One table of the file, with the path that its problems show."""

    def __init__(self, data: dict[str, Any], path: str, faults: Faults) -> None:
        self.data = data
        self.path = path
        self.faults = faults

    def wrong(self, field: str, message: str) -> None:
        self.faults.add(f"{self.path}.{field}" if field else self.path, message)

    def allow(self, fields: Collection[str]) -> None:
        for field in self.data.keys() - set(fields):
            self.wrong(label(field), unknown(field, fields))

    def text(self, field: str) -> str | None:
        """A text that must be there."""
        value = self.data.get(field)
        if isinstance(value, str) and value:
            return value
        if field not in self.data:
            self.wrong("", f'{field} is missing: add {field} = "..."')
        else:
            self.wrong(field, f"must be a text in quotes that is not empty, not {shown(value)}")
        return None

    def name(self, field: str) -> str | None:
        value = self.text(field)
        if value is None or NAME.match(value):
            return value
        self.wrong(field, f'{shown(value)}: use up to 40 of A-Z a-z 0-9 "-" "_" "."')
        return None

    def key(self) -> str | None:
        value = self.text("key")
        if value is None or (len(value) == 1 and value in KEYS):
            return value
        self.wrong("key", f"{shown(value)} is no key of a telephone: use one of {KEYS}")
        return None

    def one_of(self, field: str, allowed: Collection[str]) -> str | None:
        value = self.text(field)
        if value is None or value in allowed:
            return value
        self.wrong(field, unknown(value, allowed))
        return None

    def flag(self, field: str, default: bool) -> bool:
        value = self.data.get(field, default)
        if isinstance(value, bool):
            return value
        self.wrong(field, f"must be true or false, not {shown(value)}")
        return default

    def number(self, field: str, low: float, high: float, default: float) -> float:
        value = self.data.get(field, default)
        if isinstance(value, int | float) and not isinstance(value, bool) and low <= value <= high:
            return float(value)
        self.wrong(field, f"must be a number from {low} to {high}, not {shown(value)}")
        return default

    def whole(self, field: str, low: int, high: int, default: int) -> int:
        value = self.data.get(field, default)
        if isinstance(value, int) and not isinstance(value, bool) and low <= value <= high:
            return value
        self.wrong(field, f"must be a whole number from {low} to {high}, not {shown(value)}")
        return default

    def marks(self, field: str) -> frozenset[Mark]:
        value = self.data.get(field, [])
        if not isinstance(value, list):
            self.wrong(field, f'must be a list like ["silent"], not {shown(value)}')
            return frozenset()
        for word in value:
            if not isinstance(word, str) or word not in MARKS:
                self.wrong(field, unknown(word if isinstance(word, str) else shown(word), MARKS))
        return frozenset(MARKS[word] for word in value if isinstance(word, str) and word in MARKS)

    def hours(self) -> Hours | None:
        """`08:00-20:00`, local time; `24:00` may end it."""
        if "hours" not in self.data:
            return None
        value = self.data["hours"]
        match = HOURS.match(value) if isinstance(value, str) else None
        if match is None:
            self.wrong("hours", f'must be like "08:00-20:00", not {shown(value)}')
            return None
        start = time(int(match[1]), int(match[2]))
        end = time(int(match[3] or 0), int(match[4] or 0))
        if start == end:
            self.wrong("hours", "begins when it ends: leave hours out for the whole day")
            return None
        return Hours(start, end)

    def lines(self) -> Lines:
        """`">=3"`, `"<3"`, or 3, which means `">=3"`."""
        value = self.data.get("when_lines_in_use", 0)
        if isinstance(value, int) and not isinstance(value, bool) and 0 <= value <= MAX_LINES:
            return Lines(low=value)
        match = LINES.match(value) if isinstance(value, str) else None
        if match is not None and (match[1], int(match[2])) != ("<", 0):
            count = int(match[2])
            return Lines(low=count) if match[1] == ">=" else Lines(below=count)
        self.wrong("when_lines_in_use", f'must be like ">=3", "<3" or 3, not {shown(value)}')
        return Lines()


def unknown(word: str, allowed: Collection[str]) -> str:
    near = difflib.get_close_matches(word[:40], allowed, n=1)
    mend = f"did you mean {near[0]}?" if near else f"use one of {', '.join(sorted(allowed))}"
    return f"{shown(word)} is unknown: {mend}"


def label(field: str) -> str:
    """The field's name as a path may carry it."""
    return field if NAME.match(field) else shown(field)


def shown(value: object) -> str:
    """The value as a message may carry it: short, on one line."""
    try:
        text = repr(value) if not isinstance(value, str) else ascii(value)
    except ValueError:  # an integer of thousands of digits
        text = "a huge number"
    return text if len(text) <= 60 else text[:57] + "..."
