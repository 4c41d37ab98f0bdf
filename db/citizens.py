"""Who stands behind a ticket, and behind those that were joined to it: for call-backs."""

from sqlalchemy import select
from sqlalchemy.orm import Session

from db.models import CallRow, TicketRow
from tickets.call_backs import Citizen
from tickets.model import Exempt, State

MOST_JOINS, MOST_JOINED = 20, 1000


def citizen_of(session: Session, ticket: TicketRow) -> Citizen:
    """That his ticket was joined to another one exempts the ticket, not him.

    A part is exempt: he is asked once, for the whole.
    """
    query = select(CallRow.withheld).where(CallRow.call_id == ticket.call_id)
    withheld = bool(ticket.call_id and session.scalar(query))
    joined = ticket.state == State.JOINED and ticket.close_exempt == Exempt.JOINED
    exempt = None if joined else ticket.close_exempt
    if ticket.parent_id is not None:
        exempt = Exempt.PART.value
    return Citizen(ticket.source, ticket.caller, ticket.caller_kind, withheld, exempt)


def main_of(session: Session, ticket: TicketRow) -> TicketRow:
    """The ticket that stands for this one: another where it was joined, else itself."""
    for _ in range(MOST_JOINS):
        if ticket.state != State.JOINED or ticket.joined_to is None:
            break
        ticket = session.get_one(TicketRow, ticket.joined_to)
    return ticket


def joined_to(session: Session, ticket_id: int) -> list[TicketRow]:
    """All that were joined to it, and to those, oldest first."""
    found: dict[int, TicketRow] = {}
    ids = [ticket_id]
    while ids and len(found) < MOST_JOINED:
        joined = (TicketRow.joined_to.in_(ids), TicketRow.state == State.JOINED.value)
        rows = session.scalars(select(TicketRow).where(*joined).limit(MOST_JOINED))
        new = {row.id: row for row in rows if row.id not in found and row.id != ticket_id}
        found |= new
        ids = list(new)
    return [found[key] for key in sorted(found)]


def language_of(session: Session, ticket: TicketRow) -> str:
    """In which he called, else Chinese."""
    query = select(CallRow.language).where(CallRow.call_id == ticket.call_id)
    return (session.scalar(query) if ticket.call_id else None) or "zh"
