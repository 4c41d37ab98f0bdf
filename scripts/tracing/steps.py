"""The steps of a call: in the store, and in journal and CEL file where they are not stored yet."""

import contextlib
import sqlite3
from collections.abc import Iterable, Iterator

from sqlalchemy import Engine

from config.settings import Settings
from db.engine import reading
from db.feeds import feed_position
from db.step_codec import StepUnreadable, step_from_json
from db.steps import Leg, steps_about
from ivr.cel import CelLineBad, parse_line
from ivr.cel_feed import lines
from ivr.tail import Position, open_from, still_there
from routing.steps import Step

# Of a CEL file of which nobody knows how far it is stored: some thousand calls.
TAIL_BYTES = 16 * 1024 * 1024


def stored_steps(engine: Engine, call_id: str, legs: set[Leg]) -> list[Step]:
    """And those of the call's legs that carry no id. Raises SQLAlchemyError."""
    with reading(engine) as session:
        named = steps_about(session, [], [call_id])
        nameless = steps_about(session, legs | legs_of(call_id, named), [])
    every = {step.event_id: step for step in (*named, *nameless)}
    return [step for step in every.values() if step.call_id in (None, call_id)]


def stored_place(engine: Engine, node: str) -> Position | None:
    """How far the CEL file is stored. Raises SQLAlchemyError."""
    with reading(engine) as session:
        place = feed_position(session, f"cel/{node}")
    return Position(place.inode, place.offset, place.head) if place else None


def journal_steps(settings: Settings) -> Iterator[Step]:
    """What waits for the store. Nothing where the journal cannot be read."""
    path = settings.journal_path
    if not path.exists():
        return
    try:
        source = sqlite3.connect(f"{path.resolve().as_uri()}?mode=ro", uri=True, timeout=2)
        with contextlib.closing(source) as connection:
            rows = connection.execute("SELECT body FROM steps ORDER BY seq").fetchall()
    except sqlite3.Error:
        return
    for (body,) in rows:
        with contextlib.suppress(StepUnreadable):
            yield step_from_json(body)


def cel_steps(settings: Settings, place: Position | None) -> Iterator[Step]:
    """From `place` on; where it is not known, of the file's last part."""
    prefix = f"PJSIP/{settings.trunk.name}-"
    with contextlib.ExitStack() as opened:
        try:
            files = [
                opened.enter_context(file) for file in open_from(settings.cel_path, place, None)
            ]
        except OSError:
            return
        for file in files if place else files[-1:]:
            size = file.seek(0, 2)
            known = place is not None and file is files[0] and still_there(file, place)
            start = place.offset if place and known else 0 if place else max(0, size - TAIL_BYTES)
            for line in lines(file, start, final=False):
                with contextlib.suppress(CelLineBad):
                    if step := parse_line(line.raw, settings.node, prefix):
                        yield step


def legs_of(call_id: str, *found: Iterable[Step]) -> set[Leg]:
    return {
        (step.node, step.leg)
        for steps in found
        for step in steps
        if step.call_id == call_id and step.leg
    }


def of_call(steps: Iterable[Step], call_id: str, legs: set[Leg]) -> list[Step]:
    """And those of its legs that carry no id."""
    return [
        step
        for step in steps
        if step.call_id == call_id or (step.call_id is None and (step.node, step.leg) in legs)
    ]
