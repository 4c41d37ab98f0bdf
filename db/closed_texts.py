"""What was asked for and which unit solved it: what a suggestion of units learns from."""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import false, select
from sqlalchemy.orm import Session

from db.models import TicketRow
from tickets.model import State

NEWEST = 20_000


@dataclass(frozen=True, slots=True)
class ClosedText:
    """`unit` is the last one that it was with: an objection that was upheld has been followed."""

    number: str
    text: str
    place: str
    unit: str


def closed_texts(session: Session, limit: int = NEWEST) -> Sequence[ClosedText]:
    """Of the newest closed tickets that a unit worked on; sealed ones are left out."""
    row = TicketRow
    query = (
        select(row.number, row.request, row.place, row.unit)
        .where(row.state == State.CLOSED.value, row.sealed == false())
        .where(row.unit.is_not(None), row.request.is_not(None))
        .order_by(row.opened_at.desc(), row.id.desc())
        .limit(limit)
    )
    return [
        ClosedText(number or "", request or "", place or "", unit or "")
        for number, request, place, unit in session.execute(query)
    ]
