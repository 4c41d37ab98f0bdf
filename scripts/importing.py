"""Another hotline's table into the store, row by row, in short transactions."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field

from sqlalchemy import Engine
from sqlalchemy.orm import Session

from db.engine import writing
from db.imports import Origin, import_catalogue, import_ticket
from scripts.foreign_tables import Row
from tickets.imported import Catalogue, Columns, RowRefused, imported_ticket

ROWS_AT_ONCE = 25  # a transaction: the forwarder waits for the store's lock no longer than that
ACCEPTED, DUPLICATE, REFUSED = "accepted", "duplicate", "refused"


@dataclass(frozen=True, slots=True)
class Told:
    """What became of one row."""

    row: int
    foreign_number: str
    result: str
    ticket: str = ""
    column: str = ""
    reason: str = ""

    def cells(self) -> tuple[str, ...]:
        return (
            str(self.row), self.foreign_number, self.result, self.ticket, self.column, self.reason,
        )  # fmt: skip


@dataclass
class Report:
    rows: list[Told] = field(default_factory=list)

    def counts(self) -> dict[str, int]:
        found = Counter(told.result for told in self.rows)
        return {result: found[result] for result in (ACCEPTED, DUPLICATE, REFUSED)}

    def of(self, result: str) -> list[Told]:
        return [told for told in self.rows if told.result == result]


class DryRun(Exception):
    """Takes back what a dry run wrote."""


def import_rows(
    engine: Engine, rows: list[Row], columns: Columns, origin: Origin, *, dry_run: bool
) -> Report:
    """Each row is taken as a whole or not at all; what is in the store already is told."""
    report = Report()
    seen: dict[str, int] = {}
    for part in [rows] if dry_run else _parts(rows):
        try:
            with writing(engine) as session:
                catalogue = import_catalogue(session)
                told = [_row(session, row, columns, origin, catalogue, seen) for row in part]
                if dry_run:
                    raise DryRun
        except DryRun:
            pass
        report.rows += told
    return report


def _parts(rows: list[Row]) -> Iterator[list[Row]]:
    for start in range(0, len(rows), ROWS_AT_ONCE):
        yield rows[start : start + ROWS_AT_ONCE]


def _row(
    session: Session,
    row: Row,
    columns: Columns,
    origin: Origin,
    catalogue: Catalogue,
    seen: dict[str, int],
) -> Told:
    number, cells = row
    at = columns.at["foreign_number"]
    foreign = cells[at].strip() if at < len(cells) else ""
    try:
        ticket = imported_ticket(cells, columns, origin.hotline, catalogue, origin.at)
    except RowRefused as refused:
        return Told(number, foreign, REFUSED, "", refused.column, refused.reason)
    taken = import_ticket(session, ticket, origin, number)
    if taken.is_new:
        seen[foreign] = number
        return Told(number, foreign, ACCEPTED, taken.number)
    why = f"is row {seen[foreign]} of this file" if foreign in seen else "was imported before"
    return Told(number, foreign, DUPLICATE, taken.number, "", why)
