"""Tickets that are one matter: offered, joined, parted again, and called back all together."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from sqlalchemy import Select, and_, or_, select
from sqlalchemy.orm import Session

from db.models import TicketRow
from db.ticket_moves import Order, apply_move
from tickets.duplicates import WITHIN, Likeness, Report, likeness
from tickets.model import State

COMPARED = 2000  # at most so many tickets, the nearest in time
OFFERED = 10


@dataclass(frozen=True, slots=True)
class Offer:
    ticket: TicketRow
    likeness: Likeness


@dataclass(frozen=True, slots=True)
class CalledBack:
    """One citizen to be called about `ticket_id`; `head_id` is the ticket that was worked on."""

    ticket_id: int
    head_id: int
    caller: str


def offers(session: Session, ticket: TicketRow, *, limit: int = OFFERED) -> list[Offer]:
    """What `ticket` may be joined to, likeliest first, each with why; mostly nothing.

    Compared are the tickets opened within three days of it which have the same area, matter or
    caller; where it says none of these, all of these days.
    """
    own = report(ticket)
    found = [
        Offer(other, like)
        for other in session.scalars(_near(ticket))
        if (like := likeness(own, report(other))).offered
    ]
    found.sort(key=lambda offer: (-offer.likeness.score, offer.ticket.id))
    return found[:limit]


def report(ticket: TicketRow) -> Report:
    return Report(
        text=ticket.request or ticket.title or "",
        place=ticket.place or "",
        area=ticket.area or "",
        matter=ticket.matter or "",
        opened_at=ticket.opened_at,
    )


def join(session: Session, ticket_id: int, head_id: int, order: Order) -> TicketRow:
    """The ticket, joined to the head. `order`: of the move `join`, with a reason.

    Raises:
        TicketUnknown, StaleEdit, MoveRefused: as db/ticket_moves.py, and if the head is itself
        joined or withdrawn, or others are joined to this one.
    """
    given = {**order.given, "joined_to": head_id, "close_exempt": "joined"}
    return apply_move(session, ticket_id, replace(order, move="join", given=given))


def unjoin(session: Session, ticket_id: int, order: Order) -> TicketRow:
    """The ticket as it stood before it was joined. Raises as `join`."""
    return apply_move(session, ticket_id, replace(order, move="unjoin", given={}))


def joined_tickets(session: Session, head_id: int) -> Sequence[TicketRow]:
    """Oldest first."""
    hanging = TicketRow.joined_to == head_id, TicketRow.state == State.JOINED.value
    query = select(TicketRow).where(*hanging)
    return session.scalars(query.order_by(TicketRow.opened_at, TicketRow.id)).all()


def to_call_back(session: Session, head_id: int) -> list[CalledBack]:
    """Everybody who is told what became of the head: its own caller first, then the joined ones'.

    Each number once; who withheld it cannot be called.
    """
    head = session.get_one(TicketRow, head_id)
    told: dict[str, CalledBack] = {}
    for ticket in (head, *joined_tickets(session, head_id)):
        if ticket.caller and ticket.caller != "unknown":
            told.setdefault(ticket.caller, CalledBack(ticket.id, head_id, ticket.caller))
    return list(told.values())


def _near(ticket: TicketRow) -> Select[TicketRow]:
    row, at = TicketRow, ticket.opened_at
    alike = [
        column == value
        for column, value in (
            (row.area, ticket.area),
            (row.matter, ticket.matter),
            (row.caller, ticket.caller),
        )
        if value and value != "unknown"
    ]
    ended = row.state.in_((State.JOINED.value, State.WITHDRAWN.value))
    near = and_(row.id != ticket.id, ~ended, row.opened_at.between(at - WITHIN, at + WITHIN))
    query = select(row).where(near, or_(*alike)) if alike else select(row).where(near)
    return query.order_by(row.opened_at.desc()).limit(COMPARED)
