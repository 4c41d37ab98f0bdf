"""Tables that people keep as CSV: each problem names its file, its line and its column."""

import csv
import io
import re
from collections.abc import Collection, Iterable
from dataclasses import dataclass, field


class SheetsBad(ValueError):
    """The tables are not usable; every problem names its file, its line and its column."""

    def __init__(self, problems: tuple[str, ...]) -> None:
        super().__init__("\n".join(problems))
        self.problems = problems


@dataclass
class Problems:
    found: list[str] = field(default_factory=list)

    def add(self, where: str, message: str) -> None:
        self.found.append(f"{where}: {message}")

    def refuse(self) -> None:
        """Raises SheetsBad if there is any."""
        if self.found:
            raise SheetsBad(tuple(self.found))


@dataclass(frozen=True)
class Line:
    """One line of a table; what is wrong with a cell is noted, and its value is then empty."""

    where: str
    cells: dict[str, str]
    problems: Problems

    def wrong(self, column: str, message: str) -> None:
        self.problems.add(f"{self.where}: {column}", message)

    def text(self, column: str) -> str:
        return self.cells.get(column, "")

    def needed(self, column: str) -> str:
        value = self.text(column)
        if not value:
            self.wrong(column, "is empty: it has to be filled in")
        return value

    def like(self, column: str, pattern: re.Pattern[str], example: str) -> str:
        value = self.needed(column)
        if value and not pattern.fullmatch(value):
            self.wrong(column, f"{value} is written like {example}")
        return value

    def one_of(self, column: str, allowed: Collection[str]) -> str:
        value = self.needed(column)
        if value and value not in allowed:
            self.wrong(column, f"{value} is none of {', '.join(sorted(allowed))}")
            return ""
        return value

    def known(self, column: str, known: Collection[str], what: str) -> str | None:
        """Empty, or the code of something that is in another table."""
        value = self.text(column) or None
        if value and value not in known:
            self.wrong(column, f"{value} is no {what} of these files")
        return value


def read_sheet(name: str, text: str, columns: Collection[str], problems: Problems) -> list[Line]:
    """The lines of a CSV file, spaces around its cells left out, lines without any text too."""
    reader = csv.reader(io.StringIO(text.removeprefix("\ufeff")), strict=True)
    try:
        header = [cell.strip() for cell in next(reader, [])]
        if sorted(header) != sorted(columns):
            problems.add(f"{name}:1", f"has columns {', '.join(header)}, not {', '.join(columns)}")
            return []
        numbered = ((reader.line_num, cells) for cells in reader)
        return _lines(name, numbered, header, problems)
    except csv.Error as fault:
        problems.add(f"{name}:{reader.line_num}", str(fault))
        return []


def _lines(
    name: str, numbered: Iterable[tuple[int, list[str]]], header: list[str], problems: Problems
) -> list[Line]:
    lines = []
    for number, cells in numbered:
        where = f"{name}:{number}"
        if len(cells) > len(header):
            problems.add(where, f"has {len(cells)} cells for {len(header)} columns")
        elif any(cell.strip() for cell in cells):
            filled = dict.fromkeys(header, "") | dict(
                zip(header, (cell.strip() for cell in cells), strict=False)
            )
            lines.append(Line(where, filled, problems))
    return lines


def refuse_doubles(lines: list[Line], *columns: str) -> None:
    """Notes each line whose key stands in a line before."""
    seen: dict[tuple[str, ...], str] = {}
    for line in lines:
        key = tuple(line.text(column) for column in columns)
        if before := seen.get(key):
            line.wrong(columns[-1], f"{' '.join(key)} stands in {before} already")
        seen.setdefault(key, line.where)
