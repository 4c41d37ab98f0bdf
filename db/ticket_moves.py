"""Changes of tickets: checked by the lifecycle, refused if stale, written with who and why."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import inspect, select, update
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

from db.models import TicketEventRow, TicketRow
from db.ticket_names import with_names
from db.ticket_triggers import NO_CALL_BACK
from tickets.fields import fields_given
from tickets.lifecycle import Move, checked
from tickets.model import State
from tickets.refused import MoveRefused, Refusal
from tickets.roles import Actor


@dataclass(frozen=True, slots=True)
class Order:
    """One wish to change a ticket.

    version: the one that the wisher saw. given: fields of tickets/fields.py.
    """

    move: str
    actor: Actor
    at: datetime
    version: int
    given: Mapping[str, Any] = field(default_factory=dict)
    because: str = ""


class TicketUnknown(LookupError):
    """No ticket has this id."""


class StaleEdit(MoveRefused):
    """Somebody else changed it meanwhile; `now` is the ticket as it stands, by column."""

    def __init__(self, seen: int, ticket: TicketRow) -> None:
        last = f"{ticket.changed_by}: {ticket.move}"
        super().__init__(
            Refusal.STALE,
            f"{ticket.number} is at version {ticket.version} ({last}), not {seen}: look again",
        )
        self.now = columns_of(ticket)


def columns_of(ticket: TicketRow) -> dict[str, Any]:
    """The whole ticket as plain values, which outlive their session."""
    return {each.key: getattr(ticket, each.key) for each in inspect(TicketRow).column_attrs}


def apply_move(session: Session, ticket_id: int, order: Order) -> TicketRow:
    """The ticket after the move. The caller owns the transaction.

    Raises:
        TicketUnknown: no such id.
        StaleEdit: `order.version` is not the newest.
        MoveRefused: the lifecycle or the store says no.
    """
    ticket = session.get(TicketRow, ticket_id, populate_existing=True)
    if ticket is None:
        raise TicketUnknown(str(ticket_id))
    if ticket.version != order.version:
        raise StaleEdit(order.version, ticket)
    given = with_names(session, ticket, fields_given(order.move, order.given), order.at)
    move = checked(ticket, order.move, order.actor, given, order.because)
    changed = _write(session, ticket, order, _values(ticket, move, order, given))
    session.refresh(ticket)
    if not changed:
        raise StaleEdit(order.version, ticket)
    return ticket


def history(session: Session, ticket_id: int) -> Sequence[TicketEventRow]:
    """Oldest first."""
    query = select(TicketEventRow).where(TicketEventRow.ticket_id == ticket_id)
    return session.scalars(query.order_by(TicketEventRow.id)).all()


def _write(session: Session, ticket: TicketRow, order: Order, values: dict[str, Any]) -> bool:
    """False: another was faster, between our reading and our writing."""
    statement = (
        update(TicketRow)
        .where(TicketRow.id == ticket.id, TicketRow.version == order.version)
        .values(values)
        .returning(TicketRow.version)
        .execution_options(synchronize_session=False)
    )
    try:
        return session.execute(statement).first() is not None
    except DBAPIError as fault:
        if NO_CALL_BACK in str(fault.orig):
            raise MoveRefused(Refusal.NO_CALL_BACK, f"{ticket.number}: {NO_CALL_BACK}") from fault
        raise


def _values(
    ticket: TicketRow, move: Move, order: Order, given: Mapping[str, Any]
) -> dict[str, Any]:
    return {
        **given,
        **_with_state(ticket, move, order.at),
        "version": order.version + 1,
        "move": move.name,
        "changed_by": order.actor.name,
        "changed_at": order.at,
        "because": order.because.strip() or None,
    }


def _with_state(ticket: TicketRow, move: Move, at: datetime) -> dict[str, Any]:
    """What goes with a move by itself."""
    if move.name == "take":
        return {"handing_to": None}
    if move.to is None:
        return {}
    values: dict[str, Any] = {"state": move.to.value}
    match move.to:
        case State.DISPATCHED:
            values["dispatched_at"] = at
        case State.SOLVED | State.UNSOLVABLE:
            values["solved_at"] = at
        case State.CLOSED:
            values["closed_at"] = at
        case State.REOPENED:
            values |= {"closed_at": None, "solved_at": None, "close_exempt": None}
            values |= {"said_solved": None, "satisfied": None, "joined_to": None}
    return values
