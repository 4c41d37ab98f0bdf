"""Which stories a batch of steps touches, told anew from all that the store knows of them."""

import zlib
from bisect import bisect_right
from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import datetime

from sqlalchemy import text
from sqlalchemy.orm import Session

from db.steps import Leg, boots_after, legs_met_by_boots, steps_about
from routing.steps import Step, StepKind
from routing.story import Story, fold

LOCK_SPACE = 110
BUCKETS = 1024
LOCK = text("SELECT pg_advisory_xact_lock(:space, each) FROM unnest(cast(:keys AS int[])) AS each")


def retell(session: Session, steps: Sequence[Step]) -> list[Story]:
    """Stories of the calls and legs that these steps, stored already, belong to."""
    boots = [step for step in steps if step.kind is StepKind.BOOT]
    legs = {(step.node, step.leg) for step in steps if step.leg}
    legs |= legs_met_by_boots(session, boots)
    calls = {step.call_id for step in steps if step.call_id}
    groups = _group(_everything(session, legs, calls))
    starts = _boots(session, groups)
    return [fold([*group, *_near(starts, group)]) for group in groups]


def _everything(session: Session, legs: set[Leg], calls: set[str]) -> list[Step]:
    """All steps that hang together with these legs and calls, over as many hops as it takes."""
    known: dict[str, Step] = {}
    seen_legs: set[Leg] = set()
    seen_calls: set[str] = set()
    while legs - seen_legs or calls - seen_calls:
        _lock_calls(session, calls - seen_calls)
        found = steps_about(session, legs - seen_legs, calls - seen_calls)
        seen_legs |= legs
        seen_calls |= calls
        known.update((step.event_id, step) for step in found)
        calls = calls | _calls(found)
        legs = legs | {(step.node, step.leg) for step in found if step.leg}
    return list(known.values())


def _calls(steps: Iterable[Step]) -> set[str]:
    return {step.call_id for step in steps if step.call_id}


def _lock_calls(session: Session, call_ids: set[str]) -> None:
    """Two nodes may forward one call: without this, each would tell it without the other's steps.

    SQLite has one writer at a time by itself.
    """
    if call_ids and session.get_bind().dialect.name == "postgresql":
        keys = sorted({zlib.crc32(call_id.encode()) % BUCKETS for call_id in call_ids})
        session.execute(LOCK, {"space": LOCK_SPACE, "keys": keys})


def _group(steps: Sequence[Step]) -> list[list[Step]]:
    """One for each call, with its legs' nameless steps, and one for each leg without a call."""
    owner: dict[Leg, str] = {}
    for step in steps:
        if step.call_id and step.leg:
            leg = (step.node, step.leg)
            owner[leg] = min(owner.get(leg, step.call_id), step.call_id)
    groups: defaultdict[tuple[str, str, str], list[Step]] = defaultdict(list)
    for step in steps:
        call_id = step.call_id or owner.get((step.node, step.leg))
        key = (call_id, "", "") if call_id else ("", step.node, step.leg)
        groups[key].append(step)
    return [groups[key] for key in sorted(groups)]


def _boots(session: Session, groups: list[list[Step]]) -> dict[str, list[Step]]:
    oldest: dict[str, datetime] = {}
    for group in groups:
        for step in group:
            oldest[step.node] = min(step.at, oldest.get(step.node, step.at))
    return {node: boots_after(session, node, at) for node, at in sorted(oldest.items())}


def _near(boots: dict[str, list[Step]], group: list[Step]) -> list[Step]:
    """From the group's first step up to the first start after its last: no later one matters."""
    first, last = min(step.at for step in group), max(step.at for step in group)
    near: list[Step] = []
    for node in sorted({step.node for step in group}):
        times = [boot.at for boot in boots[node]]
        near += boots[node][bisect_right(times, first) : bisect_right(times, last) + 1]
    return near
