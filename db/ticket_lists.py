"""Lists and searches of tickets, newest first, page by page.

Each page begins after the last ticket of the one before (keyset), so the thousandth page costs
what the first does, and a ticket that is opened meanwhile shifts nothing.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Select, collate, func, literal, or_, select, tuple_
from sqlalchemy.orm import InstrumentedAttribute, Session
from sqlalchemy.sql.elements import SQLCoreOperations

from db.models import TicketRow
from db.types import UtcDateTime

SEARCHED = (TicketRow.number, TicketRow.title, TicketRow.request, TicketRow.result, TicketRow.place)


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a ticket must be to be in the list; None: anything.

    opened_from, opened_before: aware; the second is left out. text: stands so in the title, the
    number, the request, the result or the place; small and capital letters of a to z are alike.
    """

    state: str | None = None
    unit: str | None = None
    responsible: str | None = None
    matter: str | None = None
    caller: str | None = None
    opened_from: datetime | None = None
    opened_before: datetime | None = None
    text: str | None = None


@dataclass(frozen=True, slots=True)
class Mark:
    """The last ticket of a page."""

    opened_at: datetime
    id: int


def mark_of(ticket: TicketRow) -> Mark:
    return Mark(ticket.opened_at, ticket.id)


def list_tickets(
    session: Session,
    wanted: Wanted,
    *,
    limit: int,
    after: Mark | None = None,
    seen: ColumnElement[bool] | None = None,
) -> Sequence[TicketRow]:
    """At most `limit`, newest first; `after`: the next ones after this mark.

    seen: which of them may be seen, as `db.ticket_access.visible_to` says it; None: all.
    """
    query = listing(wanted, limit, after, session.get_bind().dialect.name)
    return session.scalars(query if seen is None else query.where(seen)).all()


def listing(wanted: Wanted, limit: int, after: Mark | None, dialect: str) -> Select[TicketRow]:
    """The statement of a page, for `dialect` sqlite or postgresql."""
    row = TicketRow
    query = select(row).where(*_equal(wanted))
    if wanted.opened_from:
        query = query.where(row.opened_at >= wanted.opened_from)
    if wanted.opened_before:
        query = query.where(row.opened_at < wanted.opened_before)
    if wanted.text:
        query = query.where(_says(wanted.text, dialect))
    if after:
        last = tuple_(literal(after.opened_at, UtcDateTime()), literal(after.id))
        query = query.where(tuple_(row.opened_at, row.id) < last)
    return query.order_by(row.opened_at.desc(), row.id.desc()).limit(limit)


def _equal(wanted: Wanted) -> list[ColumnElement[bool]]:
    row = TicketRow
    columns: tuple[tuple[InstrumentedAttribute[str | None], str | None], ...] = (
        (row.unit, wanted.unit),
        (row.responsible, wanted.responsible),
        (row.matter, wanted.matter),
        (row.caller, wanted.caller),
    )
    told = [column == value for column, value in columns if value is not None]
    return told if wanted.state is None else [row.state == wanted.state, *told]


def _says(text: str, dialect: str) -> ColumnElement[bool]:
    """Literally: a `%` in the text is a per cent sign."""
    sought = _lower(literal(text), dialect)
    place = func.strpos if dialect == "postgresql" else func.instr
    return or_(*(place(_lower(column, dialect), sought) > 0 for column in SEARCHED))


def _lower(told: SQLCoreOperations[Any], dialect: str) -> ColumnElement[str]:
    """SQLite knows the letters of ASCII alone, so PostgreSQL is asked for no more."""
    return func.lower(collate(told, "C") if dialect == "postgresql" else told)
