"""The steps of calls: written once, never changed, read back in whole stories."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import datetime
from itertools import zip_longest
from typing import Any

from sqlalchemy import ColumnElement, and_, or_, select
from sqlalchemy.orm import Session

from db.models import CallLegRow, CallStepRow
from db.upserts import chunks, insert_new
from routing.steps import Step, StepKind

Leg = tuple[str, str]  # node, uniqueid

COLUMNS = (
    CallStepRow.event_id,
    CallStepRow.kind,
    CallStepRow.node,
    CallStepRow.leg,
    CallStepRow.call_id,
    CallStepRow.at,
    CallStepRow.data,
)


def insert_steps(session: Session, steps: Iterable[Step]) -> None:
    """A step that is there already stays as it is."""
    once = {step.event_id: step for step in reversed(list(steps))}
    insert_new(session, CallStepRow, [_row(once[key]) for key in sorted(once)])


def steps_about(session: Session, legs: Iterable[Leg], call_ids: Iterable[str]) -> list[Step]:
    """All steps of these legs and of these calls, each once."""
    by_node: defaultdict[str, set[str]] = defaultdict(set)
    for node, leg in legs:
        by_node[node].add(leg)
    of_legs = [
        and_(CallStepRow.node == node, CallStepRow.leg.in_(part))
        for node, some in sorted(by_node.items())
        for part in chunks(some)
    ]
    of_calls = [CallStepRow.call_id.in_(part) for part in chunks(call_ids)]
    # One of each in one query: a call's steps are mostly its leg's, and are read once.
    both = zip_longest(of_legs, of_calls)
    found = {
        step.event_id: step
        for pair in both
        for step in _select(session, or_(*(part for part in pair if part is not None)))
    }
    return list(found.values())


def boots_after(session: Session, node: str, at: datetime) -> list[Step]:
    """Starts of the node's Asterisk, oldest first."""
    kind = CallStepRow.kind == StepKind.BOOT.value
    boots = _select(session, kind, CallStepRow.node == node, CallStepRow.at > at)
    return sorted(boots, key=lambda boot: boot.order)


def legs_met_by_boots(session: Session, boots: Sequence[Step]) -> set[Leg]:
    """Legs that a start of their node ends, or ends earlier than another one did."""
    if not boots:
        return set()
    lost_later = CallLegRow.end_reason == "node-lost"
    met = [
        and_(
            CallLegRow.node == boot.node,
            CallLegRow.started_at < boot.at,
            or_(
                CallLegRow.ended_at.is_(None),
                and_(lost_later, CallLegRow.ended_at > boot.at),
            ),
        )
        for boot in boots
    ]
    query = select(CallLegRow.node, CallLegRow.uniqueid).where(or_(*met))
    return {(node, leg) for node, leg in session.execute(query)}


def _select(session: Session, *where: ColumnElement[bool]) -> list[Step]:
    return [_step(*row) for row in session.execute(select(*COLUMNS).where(*where))]


def _row(step: Step) -> dict[str, Any]:
    return {
        "event_id": step.event_id,
        "kind": step.kind.value,
        "node": step.node,
        "leg": step.leg,
        "call_id": step.call_id,
        "at": step.at,
        "data": dict(step.data),
    }


def _step(
    event_id: str,
    kind: str,
    node: str,
    leg: str,
    call_id: str | None,
    at: datetime,
    data: dict[str, Any],
) -> Step:
    return Step(event_id, StepKind(kind), node, leg, call_id, at, data)
