"""Changes of tickets: checked by the lifecycle, refused if stale, written with who and why."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import inspect, select, update
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

from db.contacts import contacts_of
from db.join_guard import refuse_loose_ends
from db.messages import queue_dispatch
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

    A dispatch makes the messages to its unit in the same transaction: none is sent of a dispatch
    that did not come about, and none is forgotten.

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
    refuse_loose_ends(session, ticket, move, given)
    values = _values(move, order, given)
    if move.undoes:
        values |= _as_before(session, ticket.id, move.undoes)
    changed = _write(session, ticket, order, values)
    session.refresh(ticket)
    if not changed:
        raise StaleEdit(order.version, ticket)
    if move.to is State.DISPATCHED:
        queue_dispatch(session, ticket, contacts_of(session, ticket.unit))
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


def _values(move: Move, order: Order, given: Mapping[str, Any]) -> dict[str, Any]:
    return {
        **given,
        **goes_with(move, order.at),
        "version": order.version + 1,
        "move": move.name,
        "changed_by": order.actor.name,
        "changed_at": order.at,
        "because": order.because.strip() or None,
    }


def _as_before(session: Session, ticket_id: int, undone: str) -> dict[str, Any]:
    """The state, and why it may close, as they were before the last move of this name."""
    event = TicketEventRow
    of_ticket = select(event).where(event.ticket_id == ticket_id).order_by(event.id.desc())
    last = session.scalars(of_ticket.where(event.move == undone).limit(1)).one()
    before = session.scalars(of_ticket.where(event.id < last.id).limit(1)).one()
    return {
        "state": before.to_state,
        "close_exempt": before.record["close_exempt"],
        "joined_to": None,
    }


def goes_with(move: Move, at: datetime) -> dict[str, Any]:
    """The columns that a move sets by itself, whatever is given with it."""
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
