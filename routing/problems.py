"""What is wrong with a rules file, said so that it can be mended."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Problem:
    """One fault of a rules file. `line` counts from 1; `field` is like `rule[2].target`."""

    source: str
    line: int
    field: str
    message: str

    def __str__(self) -> str:
        field = f"{self.field}: " if self.field else ""
        return f"{self.source}:{self.line}: {field}{self.message}"


class RuleSetRejected(ValueError):
    """A rule set may not go live because it could strand a caller.

    `problems` lists every fault with its line, so that the admin mends them in one go.
    """

    def __init__(self, problems: tuple[Problem, ...]) -> None:
        super().__init__("; ".join(map(str, problems)))
        self.problems = problems


class Faults:
    """Collects problems while a file is checked, each with the line of its field."""

    LISTED = 50  # more in one message help nobody

    def __init__(self, source: str, lines: dict[str, int]) -> None:
        self.source = source
        self.lines = lines
        self.found: list[Problem] = []

    def add(self, field: str, message: str) -> None:
        self.found.append(Problem(self.source, self._line_of(field), field, message))

    def _line_of(self, field: str) -> int:
        """The field's own line, else its table's, else the first."""
        table = field.rpartition(".")[0]
        return self.lines.get(field) or self.lines.get(table) or 1

    def raise_if_any(self) -> None:
        """Raises: RuleSetRejected if anything was found."""
        if not self.found:
            return
        ordered = sorted(self.found, key=lambda problem: (problem.line, problem.field))
        listed, more = ordered[: self.LISTED], len(ordered) - self.LISTED
        if more > 0:
            last = listed[-1]
            listed.append(Problem(self.source, last.line, "", f"and {more} more problems"))
        raise RuleSetRejected(tuple(listed))
