"""Whole tickets with their histories, a thousand at a time, for who checks all of them."""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from db.models import CallBackRow, TicketEventRow, TicketRow

AT_ONCE = 1000
event = TicketEventRow


@dataclass(frozen=True, slots=True)
class Event:
    id: int
    version: int
    move: str
    from_state: str | None
    to_state: str
    by: str
    at: datetime | None
    because: str | None


@dataclass(slots=True)
class TicketHistory:
    """`row`: by the names of the table's columns. first, last: the records of these two events.

    called_back: when attempts to call back ended. head: the state of the ticket that it is
    joined to, None: there is none. parent_split: whether its parent is there and was split.
    parts: how many name it as their parent.
    """

    row: dict[str, Any]
    events: list[Event] = field(default_factory=list)
    first: dict[str, Any] = field(default_factory=dict)
    last: dict[str, Any] = field(default_factory=dict)
    called_back: list[datetime] = field(default_factory=list)
    head: str | None = None
    parent_split: bool = False
    parts: int = 0

    @property
    def id(self) -> int:
        return int(self.row["id"])


def histories(session: Session) -> Iterator[list[TicketHistory]]:
    """All tickets by their ids, as the transaction sees them."""
    after = 0
    table = TicketRow.__table__
    while True:
        query = select(table).where(table.c.id > after).order_by(table.c.id).limit(AT_ONCE)
        found = {row.id: TicketHistory(dict(row._mapping)) for row in session.execute(query)}
        if not found:
            return
        after = max(found)
        _events(session, found)
        _called_back(session, found)
        _others(session, found)
        yield list(found.values())


def history_begins(session: Session) -> int | None:
    """The first ticket whose opening is in the history: those before it are older than that."""
    query = select(event.ticket_id).where(event.version == 1, event.from_state.is_(None))
    return session.scalar(query.order_by(event.ticket_id).limit(1))


def doubled_numbers(session: Session) -> Sequence[str]:
    """Numbers that more than one ticket has."""
    query = select(TicketRow.number).where(TicketRow.number.is_not(None))
    twice = query.group_by(TicketRow.number).having(func.count() > 1)
    return [number for number in session.scalars(twice) if number]


def way_up(session: Session, ticket_id: int) -> list[int]:
    """The ids from a ticket over what it is joined to; ends at the head, or where it has been."""
    way: list[int] = []
    at: int | None = ticket_id
    while at is not None and at not in way:
        way.append(at)
        at = session.scalar(select(TicketRow.joined_to).where(TicketRow.id == at))
    return [*way, at] if at is not None else way


def _events(session: Session, found: dict[int, TicketHistory]) -> None:
    columns = (
        event.ticket_id, event.id, event.version, event.move, event.from_state, event.to_state,
        event.by, event.at, event.because,
    )  # fmt: skip
    query = select(*columns).where(_between(event.ticket_id, found)).order_by(event.id)
    for row in session.execute(query):
        if row.ticket_id in found:
            found[row.ticket_id].events.append(Event(*row[1:]))
    ends = {
        end.id: (history, name)
        for history in found.values()
        if history.events
        for name, end in (("first", history.events[0]), ("last", history.events[-1]))
    }
    for history in found.values():
        if len(history.events) == 1:
            ends[history.events[0].id] = (history, "both")
    for part in _chunks(sorted(ends)):
        for event_id, record in session.execute(
            select(event.id, event.record).where(event.id.in_(part))
        ):
            history, name = ends[event_id]
            for each in ("first", "last") if name == "both" else (name,):
                setattr(history, each, record)


def _called_back(session: Session, found: dict[int, TicketHistory]) -> None:
    row = CallBackRow
    ended = row.outcome.is_not(None), row.ended_at.is_not(None)
    query = select(row.ticket_id, row.ended_at).where(_between(row.ticket_id, found), *ended)
    for ticket_id, ended_at in session.execute(query):
        if ticket_id in found and ended_at:
            found[ticket_id].called_back.append(ended_at)


def _others(session: Session, found: dict[int, TicketHistory]) -> None:
    """What the tickets point to, and what points to them."""
    heads = _states(session, {h.row["joined_to"] for h in found.values()})
    parents = {h.row["parent_id"] for h in found.values()} - {None}
    split: set[int] = set()
    for part in _chunks(sorted(parents)):
        was = event.ticket_id.in_(part), event.move == "split"
        split |= set(session.scalars(select(event.ticket_id).where(*was)))
    parts: dict[int, int] = defaultdict(int)
    query = select(TicketRow.parent_id).where(_between(TicketRow.parent_id, found))
    for parent_id in session.scalars(query):
        parts[parent_id or 0] += 1
    for history in found.values():
        history.head = heads.get(history.row["joined_to"])
        history.parent_split = history.row["parent_id"] in split
        history.parts = parts[history.id]


def _states(session: Session, ids: set[int | None]) -> dict[int, str]:
    states: dict[int, str] = {}
    for part in _chunks(sorted(ids - {None})):
        query = select(TicketRow.id, TicketRow.state).where(TicketRow.id.in_(part))
        states |= {row.id: row.state for row in session.execute(query)}
    return states


def _between(column: Any, found: dict[int, TicketHistory]) -> Any:  # noqa: ANN401
    return column.between(min(found), max(found))


def _chunks(ids: list[Any]) -> Iterator[list[Any]]:
    for start in range(0, len(ids), 500):
        yield ids[start : start + 500]
