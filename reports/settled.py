"""Calls and legs that are over for good: what became of each may be counted once."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import and_, func, select
from sqlalchemy.orm import Session

from db.models import CallLegRow, CallRow
from routing.story import Outcome
from routing.texts import ms_between

CHUNK = 500


@dataclass(frozen=True, slots=True)
class Settled:
    """`answer_ms`: from the trunk channel's first start to our answer."""

    call: CallRow
    answer_ms: int | None


@dataclass(frozen=True, slots=True)
class Open:
    """What a node has not seen the end of."""

    calls: frozenset[str]
    legs: frozenset[str]


def open_of(session: Session, node: str) -> Open:
    going_on = CallRow.outcome == Outcome.IN_PROGRESS.value
    calls = select(CallRow.call_id).where(going_on, CallRow.node == node)
    legs = select(CallLegRow.uniqueid).where(CallLegRow.node == node, CallLegRow.ended_at.is_(None))
    return Open(frozenset(session.scalars(calls)), frozenset(session.scalars(legs)))


def strangers(session: Session, node: str, call_ids: Collection[str]) -> set[str]:
    """Of these calls, those that began on another node, which counts them itself."""
    found: set[str] = set()
    for part in _parts(call_ids):
        query = select(CallRow.call_id).where(CallRow.call_id.in_(part), CallRow.node != node)
        found |= set(session.scalars(query))
    return found


def settled_calls(session: Session, call_ids: Collection[str], until: datetime) -> list[Settled]:
    """Of these, those that ended before `until` (aware); a caller on his way back has not."""
    began = func.min(CallLegRow.started_at)
    found: list[Settled] = []
    for part in _parts(call_ids):
        over = and_(CallRow.outcome != Outcome.IN_PROGRESS.value, CallRow.ended_at < until)
        calls = session.scalars(select(CallRow).where(CallRow.call_id.in_(part), over)).all()
        ids = [call.call_id for call in calls]
        legs = select(CallLegRow.call_id, began).where(CallLegRow.call_id.in_(ids))
        rows = session.execute(legs.group_by(CallLegRow.call_id))
        starts = {of_call: at for of_call, at in rows}  # noqa: C416  rows are no plain pairs
        found += [
            Settled(call, ms_between(starts.get(call.call_id), call.answered_at)) for call in calls
        ]
    return found


def settled_legs(
    session: Session, node: str, uniqueids: Collection[str], until: datetime
) -> list[CallLegRow]:
    found: list[CallLegRow] = []
    for part in _parts(uniqueids):
        over = and_(CallLegRow.node == node, CallLegRow.ended_at < until)
        found += session.scalars(select(CallLegRow).where(CallLegRow.uniqueid.in_(part), over))
    return found


def _parts(ids: Collection[str]) -> list[list[str]]:
    every = sorted(ids)
    return [every[start : start + CHUNK] for start in range(0, len(every), CHUNK)]
