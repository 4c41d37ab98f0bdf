"""One call through every process."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sqlalchemy import Engine
from sqlalchemy.exc import SQLAlchemyError

from config.settings import Settings
from db.calls import SHORTEST_END, find_call
from db.engine import reading
from db.steps import Leg
from db.tickets import find_ticket
from routing.steps import Step
from scripts.tracing.entries import Entry, Source, numbers_of, of_steps
from scripts.tracing.logs import Wanted, log_entries, log_files
from scripts.tracing.steps import (
    cel_steps,
    journal_steps,
    legs_of,
    of_call,
    stored_place,
    stored_steps,
)
from tickets.numbers import provisional_number

AWAY = "the store is away: only what this node has not stored yet"
STORE_AWAY = f"{AWAY} 数据库不可用：仅显示本节点未入库的部分"
NO_LOGS = "no logs in {}: under systemd give them with --log 未找到日志文件，请用 --log 指定"


class CallUnknown(LookupError):
    """Neither the store nor what waits for it has such a call."""


class CallAmbiguous(LookupError):
    """Several calls end so."""


@dataclass(frozen=True, slots=True)
class Trace:
    """entries: in order; at least one."""

    call_id: str
    entries: Sequence[Entry]
    notes: Sequence[str]

    def as_dict(self) -> dict[str, Any]:
        first = self.entries[0].at
        return {
            "call_id": self.call_id,
            "provisional_number": provisional_number(self.call_id),
            "notes": list(self.notes),
            "steps": [entry.as_dict(first) for entry in self.entries],
        }


def trace(settings: Settings, engine: Engine, name: str, logs: Sequence[Path] = ()) -> Trace:
    """`name`: a call's id or the end of it, a ticket's number, or its provisional one.

    Raises:
        CallUnknown, CallAmbiguous.
    """
    notes: list[str] = []
    call_id, place = None, None
    try:
        call_id, place = _stored(engine, name), stored_place(engine, settings.node)
    except SQLAlchemyError:
        notes.append(STORE_AWAY)
    waiting = {
        Source.JOURNAL: list(journal_steps(settings)),
        Source.CEL: list(cel_steps(settings, place)),
    }
    call_id = call_id or _waiting(name, [step for steps in waiting.values() for step in steps])
    if call_id is None:
        raise CallUnknown(name)
    legs = legs_of(call_id, *waiting.values())
    stored = _steps(engine, call_id, legs, notes)
    legs |= legs_of(call_id, stored)
    steps = {Source.STORE: stored} | {
        source: of_call(found, call_id, legs) for source, found in waiting.items()
    }
    return Trace(call_id, _in_order(settings, call_id, steps, logs, notes), tuple(notes))


def _stored(engine: Engine, name: str) -> str | None:
    with reading(engine) as session:
        if call := find_call(session, name):
            return call.call_id
        ticket = find_ticket(session, name)
        return ticket.call_id if ticket else None


def _waiting(name: str, steps: Iterable[Step]) -> str | None:
    known = {step.call_id for step in steps if step.call_id}
    long = len(name) >= SHORTEST_END
    found = {i for i in known if (long and i.endswith(name)) or provisional_number(i) == name}
    if len(found) > 1:
        raise CallAmbiguous(name)
    return found.pop() if found else None


def _steps(engine: Engine, call_id: str, legs: set[Leg], notes: list[str]) -> list[Step]:
    if STORE_AWAY in notes:
        return []
    try:
        return stored_steps(engine, call_id, legs)
    except SQLAlchemyError:
        notes.append(STORE_AWAY)
        return []


def _in_order(
    settings: Settings,
    call_id: str,
    steps: dict[Source, list[Step]],
    logs: Sequence[Path],
    notes: list[str],
) -> list[Entry]:
    every = [step for found in steps.values() for step in found]
    files = [*log_files(settings.log_dir), *logs]
    if not files:
        notes.append(NO_LOGS.format(settings.log_dir))
    numbers = sorted(numbers_of(every), key=len, reverse=True)
    said, unkept = log_entries(files, _wanted(call_id, every), numbers)
    entries = of_steps({**steps, Source.LOG: unkept})
    return sorted([*entries, *said], key=lambda entry: (entry.at, entry.source is Source.LOG))


def _wanted(call_id: str, steps: Sequence[Step]) -> Wanted:
    channels = {str(step.data[key]) for step in steps for key in ("channel",) if key in step.data}
    return Wanted(
        call_id,
        {step.leg for step in steps if step.leg},
        {channel for channel in channels if channel.startswith("PJSIP/")},
        min(step.at for step in steps),
        max(step.at for step in steps),
    )
