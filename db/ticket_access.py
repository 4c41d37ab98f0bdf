"""Whose eyes a ticket is for, asked in SQL; and which seats a call has met."""

from sqlalchemy import ColumnElement, and_, false, or_, select, true
from sqlalchemy.orm import Session

from db.models import CallRow, CallStepRow, TicketRow
from routing.steps import StepKind
from tickets.access import SEES_EVERYTHING, SEES_UNSEALED
from tickets.roles import Actor, Role


def visible_to(actor: Actor) -> ColumnElement[bool]:
    """tickets/access.py in SQL; a test holds them together. A call-taker has no list."""
    if actor.is_any(SEES_EVERYTHING):
        return true()
    ways: list[ColumnElement[bool]] = [
        and_(TicketRow.sealed.is_(True), TicketRow.responsible == actor.name)
    ]
    if actor.is_any(frozenset({Role.HANDLER})):
        ways.append(TicketRow.unit.in_(sorted(actor.units)))
    if actor.is_any(SEES_UNSEALED):
        ways.append(TicketRow.sealed.is_(False))
    return or_(false(), *ways)


def seats_of_call(session: Session, call_id: str | None) -> frozenset[str]:
    """Every seat that talked to the caller in this call."""
    if call_id is None:
        return frozenset()
    query = select(CallStepRow.data).where(
        CallStepRow.call_id == call_id, CallStepRow.kind == StepKind.SEAT.value
    )
    return frozenset(str(data["member"]) for data in session.scalars(query) if "member" in data)


def live_seat(session: Session, call_id: str | None) -> str | None:
    """The seat that has the call now; None: it has ended, or none has it."""
    if call_id is None:
        return None
    query = select(CallRow.seat).where(CallRow.call_id == call_id, CallRow.ended_at.is_(None))
    return session.scalar(query)
