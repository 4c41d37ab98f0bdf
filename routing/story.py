"""The caller's story, folded from its steps."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from routing.decided import bridge_of, decision, final_verdict
from routing.legs import LegFacts, legs_of
from routing.outcome import Outcome, outcome_of
from routing.receipt import release_ms, slot_held_ms, trunk_free_ms
from routing.seats import seat_facts
from routing.steps import Step, StepKind
from routing.texts import NUMBER, UNREADABLE, display_name, moment, ms_between, raw_bytes
from routing.timeline import Timeline, at, said

__all__ = ["CallFacts", "LegFacts", "Outcome", "Story", "fold"]


@dataclass(frozen=True, slots=True)
class CallFacts:
    """The columns of `calls`.

    started_at: START, else INTAKE, else the first step of the call.
    answered_at: told by the end record; None until then, and for a call that was never answered.
    caller_raw_hex: the number's bytes where it is no number.
    withheld: None where no start is known. marks: the caller's and the rule's, comma-joined.
    released_at, release_ms, trunk_free_ms: of the first release (`routing.receipt`).
    release_mode: `refer` where he came back on the livelihood trunk, however late.
    slot_held_ms: `routing.receipt`. trunk_held_ms: of all the call's trunk legs' channels, from the
        first start to the last end; None until every channel has really ended.
    queue, seat, seat_answered_at, wait_ms, talk_ms: `routing.seats`.
    verdict, reason, key, rule_id: `routing.decided`. outcome: `routing.outcome`.
    returned_at: of the last return to the police.
    ended_at: the end record, else the last leg's end.
    forced_by, forced_reason: who asked for the forced release, and why; it was done where
        `ended_by` is `forced`.
    bridge: `seen`, `lost`, `away`, or None where it was not asked (`routing.decided`).
    """

    call_id: str
    node: str
    started_at: datetime
    answered_at: datetime | None
    caller: str | None
    caller_raw_hex: str | None
    caller_name: str | None
    withheld: bool | None
    location: str | None
    language: str | None
    key: str | None
    verdict: str | None
    reason: str | None
    rule_id: str | None
    rules_version: str | None
    marks: str | None
    release_mode: str | None
    released_at: datetime | None
    release_ms: int | None
    trunk_free_ms: int | None
    slot_held_ms: int | None
    trunk_held_ms: int | None
    service_class: str | None
    queue: str | None
    seat: str | None
    seat_answered_at: datetime | None
    wait_ms: int | None
    talk_ms: int | None
    returned_at: datetime | None
    ended_at: datetime | None
    ended_by: str | None
    end_cause: str | None
    forced_by: str | None
    forced_reason: str | None
    outcome: Outcome
    bridge: str | None


@dataclass(frozen=True, slots=True)
class Story:
    """call is None where no step carries a call_id: a leg that our dialplan never saw."""

    call: CallFacts | None
    legs: tuple[LegFacts, ...]


def fold(steps: Iterable[Step]) -> Story:
    """Tell one call from its steps, in whatever order and however often each of them came.

    Pass the steps with one call_id, the steps of their legs that carry none (CHAN_START,
    CHAN_END), and the BOOT steps of the node. If there are several call_ids, the lowest is told.
    """
    timeline = Timeline(steps)
    legs = legs_of(timeline)
    call_id = min((step.call_id for step in timeline.steps if step.call_id), default=None)
    if call_id is None:
        return Story(None, legs)
    own_legs = tuple(leg for leg in legs if leg.call_id == call_id)
    keys = {(leg.node, leg.uniqueid) for leg in own_legs}
    own = Timeline(
        step
        for step in timeline.steps
        if step.call_id == call_id or (step.call_id is None and (step.node, step.leg) in keys)
    )
    return Story(_call(_read(call_id, own, own_legs)), legs)


@dataclass(frozen=True, slots=True)
class _Reading:
    """The steps that tell most, and what follows from several of them."""

    call_id: str
    steps: Timeline
    legs: tuple[LegFacts, ...]
    first: Step
    start: Step | None
    decided: Step | None
    released: Step | None
    end: Step | None
    answered_at: datetime | None
    ended_at: datetime | None
    bridge: str | None


def _read(call_id: str, steps: Timeline, legs: tuple[LegFacts, ...]) -> _Reading:
    end = steps.last(StepKind.END)
    answers = (moment(step.data.get("answered")) for step in steps.all(StepKind.END))
    answered_at = min((answer for answer in answers if answer), default=None)
    return _Reading(
        call_id=call_id,
        steps=steps,
        legs=legs,
        first=next(step for step in steps.steps if step.call_id),
        start=steps.first(StepKind.START) or steps.first(StepKind.INTAKE, StepKind.JOINED),
        decided=decision(steps),
        released=steps.first(StepKind.RELEASED),
        end=end,
        answered_at=answered_at,
        ended_at=_ended_at(end, legs),
        bridge=bridge_of(steps, answered=answered_at is not None),
    )


def _call(read: _Reading) -> CallFacts:
    verdict = final_verdict(read.steps, read.bridge)
    seat = seat_facts(read.steps, read.ended_at)
    marks = _marks(read.start, read.decided)
    joined, forced = read.steps.has(StepKind.JOINED), read.steps.last(StepKind.FORCED)
    return CallFacts(
        call_id=read.call_id,
        node=read.first.node,
        started_at=(read.start or read.first).at,
        answered_at=read.answered_at,
        caller=_caller(read.start),
        caller_raw_hex=_raw_hex(read.start),
        caller_name=_name(read.start),
        withheld="withheld" in marks if read.start else None,
        location=said(read.start, "loc"),
        language=said(read.decided, "language"),
        key=verdict.key,
        verdict=verdict.verdict,
        reason=verdict.reason,
        rule_id=verdict.rule_id,
        rules_version=said(read.decided, "rules_version"),
        marks=",".join(sorted(marks)) or None,
        release_mode="refer" if joined else said(read.released, "mode"),
        released_at=at(read.released),
        release_ms=release_ms(read.steps),
        trunk_free_ms=trunk_free_ms(read.steps),
        slot_held_ms=slot_held_ms(read.steps),
        trunk_held_ms=_trunk_held_ms(read.steps, read.legs),
        service_class=said(read.steps.last(StepKind.CLASS), "class"),
        queue=seat.queue,
        seat=seat.seat,
        seat_answered_at=seat.answered_at,
        wait_ms=seat.wait_ms,
        talk_ms=seat.talk_ms,
        returned_at=at(read.steps.last(StepKind.RETURNED)),
        ended_at=read.ended_at,
        ended_by=said(read.end, "by"),
        end_cause=said(read.end, "cause"),
        forced_by=said(forced, "who"),
        forced_reason=said(forced, "reason"),
        outcome=outcome_of(read.steps, read.legs, read.answered_at is not None),
        bridge=read.bridge,
    )


def _ended_at(end: Step | None, legs: tuple[LegFacts, ...]) -> datetime | None:
    """None while any leg lives: a caller who comes back on another leg has not ended his call."""
    ends = [leg.ended_at for leg in legs if leg.ended_at]
    if len(ends) < len(legs):
        return None
    return at(end) or max(ends, default=None)


def _trunk_held_ms(steps: Timeline, legs: tuple[LegFacts, ...]) -> int | None:
    ends = {(step.node, step.leg): step.at for step in steps.all(StepKind.CHAN_END)}
    starts = [leg.started_at for leg in legs if leg.started_at]
    if not starts or any((leg.node, leg.uniqueid) not in ends for leg in legs):
        return None
    return ms_between(min(starts), max(ends.values()))


def _caller(start: Step | None) -> str | None:
    number = _number(start)
    return number if number is None or NUMBER.match(number) else "unknown"


def _number(start: Step | None) -> str | None:
    """As it came: what would have to be cleaned first is somebody else's number then."""
    told = start.data.get("caller") if start else None
    return None if told in (None, "") else str(told)


def _name(start: Step | None) -> str | None:
    """Where Asterisk could not read it, it is in `named`: the header that it came in."""
    name = said(start, "name")
    if start is None or UNREADABLE not in (name or ""):
        return name
    return display_name(start.data.get("named")) or name


def _raw_hex(start: Step | None) -> str | None:
    if start is None:
        return None
    number = _number(start) or ""
    raw = start.data.get("raw") or ("" if number == "unknown" else start.data.get("caller"))
    return raw_bytes(str(raw)).hex() if raw and not NUMBER.match(number) else None


def _marks(start: Step | None, decided: Step | None) -> frozenset[str]:
    joined = ",".join(filter(None, (said(start, "marks"), said(decided, "marks"))))
    return frozenset(mark for mark in joined.replace("+", ",").split(",") if mark and mark != "-")
