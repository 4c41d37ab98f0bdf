"""The call-takers' call-back list: police callers who left before a seat answered."""

from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from db.models import CallRow
from routing.story import Outcome

# Nobody knows what these callers wanted; in doubt it was the police.
LEFT_POLICE = (
    Outcome.LEFT_WAITING_FOR_POLICE,
    Outcome.LEFT_IN_MENU,
    Outcome.LEFT_BEFORE_ANSWER,
    Outcome.LINES_FULL,
    Outcome.NODE_LOST,
)


def abandoned_calls(
    session: Session, limit: int = 100, since: datetime | None = None
) -> list[CallRow]:
    """Newest first. A node-lost call counts unless a seat had answered it or it was released."""
    outcomes = [outcome.value for outcome in LEFT_POLICE]
    unheard = CallRow.seat_answered_at.is_(None) | (
        CallRow.outcome == Outcome.LEFT_WAITING_FOR_POLICE.value  # returned after a talk
    )
    kept = CallRow.released_at.is_(None) | CallRow.returned_at.is_not(None)
    query = select(CallRow).where(CallRow.outcome.in_(outcomes), unheard, kept)
    if since:
        query = query.where(CallRow.started_at >= since)
    return list(session.scalars(query.order_by(CallRow.started_at.desc()).limit(limit)))
