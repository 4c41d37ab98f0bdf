"""What is wrong with a file of deadlines, said with its line so that it can be mended."""

import re
from dataclasses import dataclass
from typing import Any

HEADER = re.compile(r"\s*(\[\[?)\s*([A-Za-z0-9_.\- ]+?)\s*\]")
FIELD = re.compile(r"\s*([A-Za-z0-9_-]+)\s*=")


@dataclass(frozen=True, slots=True)
class Problem:
    """`line` counts from 1; `key` is like `class.general.normal` or `ladder.day[3].when`."""

    source: str
    line: int
    key: str
    message: str

    def __str__(self) -> str:
        key = f"{self.key}: " if self.key else ""
        return f"{self.source}:{self.line}: {key}{self.message}"


class DeadlineRulesRejected(ValueError):
    """`problems` has every fault with its line."""

    def __init__(self, problems: tuple[Problem, ...]) -> None:
        super().__init__("; ".join(map(str, problems)))
        self.problems = problems


class Faults:
    """Collects what is wrong while a file is read."""

    def __init__(self, source: str, lines: dict[str, int]) -> None:
        self._source, self._lines = source, lines
        self.found: list[Problem] = []

    def add(self, key: str, message: str) -> None:
        table = key.rpartition(".")[0]
        line = next((self._lines[k] for k in (key, f"{key}[1]", table) if k in self._lines), 1)
        self.found.append(Problem(self._source, line, key, message))

    def raise_if_any(self) -> None:
        """Raises DeadlineRulesRejected, with what stands first in the file first."""
        if self.found:
            ordered = sorted(self.found, key=lambda each: (each.line, each.key))
            raise DeadlineRulesRejected(tuple(ordered))


@dataclass(frozen=True, slots=True)
class Table:
    """One table of the file, and where its faults go."""

    data: dict[str, Any]
    path: str
    faults: Faults

    def allow(self, *names: str) -> None:
        for name in sorted(self.data.keys() - set(names)):
            self.wrong(name, f"unknown key; known here: {', '.join(names)}")

    def wrong(self, name: str, message: str) -> None:
        self.faults.add(f"{self.path}.{name}" if self.path else name, message)

    def text(self, name: str) -> str:
        """Empty if it is wrong, which is said."""
        value = self.data.get(name)
        if isinstance(value, str) and value.strip():
            return value
        self.wrong(name, "is missing" if value is None else f"must be a text, not {value!r}")
        return ""

    def whole(self, name: str, least: int, most: int) -> int:
        value = self.data.get(name)
        if isinstance(value, int) and not isinstance(value, bool) and least <= value <= most:
            return value
        self.wrong(name, f"must be a whole number from {least} to {most}, not {value!r}")
        return least

    def one_of(self, name: str, choices: tuple[str, ...]) -> str:
        value = self.data.get(name)
        if isinstance(value, str) and value in choices:
            return value
        self.wrong(name, f"must be one of {', '.join(choices)}, not {value!r}")
        return choices[0]

    def table(self, name: str) -> "Table":
        path = f"{self.path}.{name}" if self.path else name
        value = self.data.get(name)
        if not isinstance(value, dict):
            self.wrong(name, f"is missing: write [{path}] and its keys below")
            value = {}
        return Table(value, path, self.faults)

    def tables(self, name: str) -> list["Table"]:
        path = f"{self.path}.{name}"
        value = self.data.get(name, [])
        if not isinstance(value, list) or not all(isinstance(each, dict) for each in value):
            self.wrong(name, f"must be a list of tables: write [[{path}]]")
            return []
        return [Table(each, f"{path}[{n}]", self.faults) for n, each in enumerate(value, 1)]


def lines_of(text: str) -> dict[str, int]:
    """Where each table and key stands; tables of a list count from 1. For messages only."""
    found: dict[str, int] = {}
    seen: dict[str, int] = {}
    table = ""
    for number, line in enumerate(text.split("\n"), start=1):
        if header := HEADER.match(line):
            table = header[2]
            if header[1] == "[[":
                seen[table] = seen.get(table, 0) + 1
                table = f"{table}[{seen[table]}]"
            found.setdefault(table, number)
        elif field := FIELD.match(line):
            found.setdefault(f"{table}.{field[1]}" if table else field[1], number)
    return found
