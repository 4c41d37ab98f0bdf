"""Calls and their legs: written whole from the story each time, and read for the desk."""

from collections.abc import Iterable
from dataclasses import fields
from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from db.models import CallLegRow, CallRow
from db.upserts import upsert
from routing.story import CallFacts, LegFacts, Story

CALL_COLUMNS = tuple(field.name for field in fields(CallFacts))
LEG_COLUMNS = tuple(field.name for field in fields(LegFacts))


def store_stories(session: Session, stories: Iterable[Story]) -> None:
    calls: dict[str, dict[str, Any]] = {}
    legs: dict[tuple[str, str], dict[str, Any]] = {}
    for story in stories:
        if story.call:
            calls[story.call.call_id] = _values(story.call, CALL_COLUMNS)
        for leg in story.legs:  # stories come by call_id: of two that claim a leg the lowest wins
            legs.setdefault((leg.node, leg.uniqueid), _values(leg, LEG_COLUMNS))
    upsert(session, CallRow, [calls[key] for key in sorted(calls)])
    upsert(session, CallLegRow, [legs[key] for key in sorted(legs)])


def newest_calls(
    session: Session, limit: int, *, since: datetime | None = None, outcome: str | None = None
) -> list[CallRow]:
    query = select(CallRow).order_by(CallRow.started_at.desc())
    if since:
        query = query.where(CallRow.started_at >= since)
    if outcome:
        query = query.where(CallRow.outcome == outcome)
    return list(session.scalars(query.limit(limit)))


SHORTEST_END = 8  # of an id: its random part


def find_call(session: Session, call_id: str) -> CallRow | None:
    """By its whole id, or by the end of it where that is the end of one call only."""
    if (row := session.get(CallRow, call_id)) or len(call_id) < SHORTEST_END:
        return row
    ends_so = CallRow.call_id.endswith(call_id, autoescape=True)
    found = session.scalars(select(CallRow).where(ends_so).limit(2)).all()
    return found[0] if len(found) == 1 else None


def legs_of_call(session: Session, call_id: str) -> list[CallLegRow]:
    query = select(CallLegRow).where(CallLegRow.call_id == call_id)
    return list(session.scalars(query.order_by(CallLegRow.started_at)))


def _values(facts: CallFacts | LegFacts, names: tuple[str, ...]) -> dict[str, Any]:
    return {name: getattr(facts, name) for name in names}
