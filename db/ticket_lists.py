"""Lists of tickets as one person may see them: by keyset, newest first; words are literal."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, and_, false, or_, select, true
from sqlalchemy.orm import Session

from db.models import CallRow, CallStepRow, TicketRow
from routing.steps import StepKind
from tickets.access import SEES_EVERYTHING, SEES_UNSEALED
from tickets.roles import Actor, Role

TEXTS = (TicketRow.number, TicketRow.title, TicketRow.request, TicketRow.place, TicketRow.result)


@dataclass(frozen=True, slots=True)
class Wanted:
    """after: opened_at and id of the last ticket that was seen. None: not asked for."""

    limit: int
    after: tuple[datetime, int] | None = None
    state: str | None = None
    unit: str | None = None
    responsible: str | None = None
    matter: str | None = None
    caller: str | None = None
    text: str | None = None


def list_tickets(session: Session, actor: Actor, wanted: Wanted) -> Sequence[TicketRow]:
    query = select(TicketRow).where(visible_to(actor), *_filters(wanted))
    if wanted.after is not None:
        opened_at, last = wanted.after
        query = query.where(  # the first half alone uses the index; a row value would on one store
            TicketRow.opened_at <= opened_at,
            or_(TicketRow.opened_at < opened_at, TicketRow.id < last),
        )
    newest = query.order_by(TicketRow.opened_at.desc(), TicketRow.id.desc())
    return session.scalars(newest.limit(wanted.limit)).all()


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


def _filters(wanted: Wanted) -> list[ColumnElement[bool]]:
    columns = {
        TicketRow.state: wanted.state,
        TicketRow.unit: wanted.unit,
        TicketRow.responsible: wanted.responsible,
        TicketRow.matter: wanted.matter,
        TicketRow.caller: wanted.caller,
    }
    exact = [column == value for column, value in columns.items() if value is not None]
    if not wanted.text:
        return exact
    return [*exact, or_(*(each.icontains(wanted.text, autoescape=True) for each in TEXTS))]
