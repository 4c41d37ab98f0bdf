"""Callers whom the switch took by REFER and never brought to the livelihood side."""

from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from db.models import CallRow
from routing.story import Outcome


def unreturned_calls(session: Session, since: datetime, until: datetime) -> list[CallRow]:
    """Those whose police leg ended between two aware times, oldest first."""
    lost = CallRow.outcome == Outcome.RELEASED_NOT_RETURNED.value
    when = CallRow.ended_at.between(since, until)
    return list(session.scalars(select(CallRow).where(lost, when).order_by(CallRow.ended_at)))
