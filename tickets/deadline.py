"""When a ticket is due, and day by day why.

A tier in working days leaves out the day of dispatch and ends when the office closes on its last
day, as the Civil Code counts (articles 201 and 203). Time in which the ticket waits for the citizen
does not count, and what it would have counted is added at the end.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

from tickets.calendar import DayKind
from tickets.working_time import (
    ONE_DAY,
    ZERO,
    Clock,
    DayCount,
    Measure,
    Span,
    WorkingTime,
    merged,
    midnight_after,
)


@dataclass(frozen=True, slots=True)
class Extension:
    """What a supervisor has granted."""

    granted_at: datetime
    to: datetime


@dataclass(frozen=True, slots=True)
class Step:
    """One day. counted: what it took off; paused: what it would have, but the clock stood.

    left: what remained after it. settled: no notice to come can change this day.
    """

    day: date
    kind: DayKind
    zh: str
    en: str
    counted: timedelta
    paused: timedelta
    left: timedelta
    settled: bool


@dataclass(frozen=True, slots=True)
class Deadline:
    """due_at: aware UTC. total: the time that counts from start to end; the steps add up to it.

    provisional: a day on the way may still become worked or free. extended_to: aware UTC, where
    an extension decided the end.
    """

    started_at: datetime
    due_at: datetime
    provisional: bool
    total: timedelta
    steps: tuple[Step, ...]
    extended_to: datetime | None = None


def deadline(
    started_at: datetime,
    tier: Measure,
    time: WorkingTime,
    pauses: Iterable[Span] = (),
    extensions: Sequence[Extension] = (),
    *,
    set_to: datetime | None = None,
) -> Deadline:
    """extensions: in the order in which they were granted; one never shortens a deadline.

    set_to: an end given by hand in place of the tier's; the tier still says which time counts.

    Raises:
        DeadlineTooFar: more than ten years ahead.
    """
    clock = tier.clock
    counts_from = midnight_after(started_at) if tier.unit == "day" else started_at
    stood = merged(pauses)
    last = Extension(started_at, set_to) if set_to else None
    amount = time.open_time(clock, counts_from, set_to) if set_to else time.length(tier)
    for extension in extensions:
        if last and extension.to <= last.to:
            continue
        longer = _extended(time, clock, counts_from, amount, extension, stood)
        if longer is not None:
            amount, last = longer, extension
    due_at, days = time.ahead(clock, counts_from, amount, stood)
    if last:
        due_at = max(due_at, last.to)
    by_hand = last is not None and not _paused_since(time, clock, last, due_at, stood)
    steps = _steps(time, tier, started_at, counts_from, days)
    settled = clock is not Clock.WORKING or by_hand or all(step.settled for step in steps)
    return Deadline(
        started_at=started_at.astimezone(UTC),
        due_at=due_at.astimezone(UTC),
        provisional=not settled,
        total=amount,
        steps=steps,
        extended_to=last.to.astimezone(UTC) if last else None,
    )


def _extended(
    time: WorkingTime,
    clock: Clock,
    start: datetime,
    amount: timedelta,
    extension: Extension,
    stood: Sequence[Span],
) -> timedelta | None:
    """The time from the start to the new end; None if that is no later than it was."""
    before = merged((a, min(b, extension.granted_at)) for a, b in stood)
    due_at, _ = time.ahead(clock, start, amount, before)
    if extension.to <= due_at:
        return None
    return time.open_time(clock, start, extension.to, before)


def _paused_since(
    time: WorkingTime, clock: Clock, last: Extension, due_at: datetime, stood: Sequence[Span]
) -> timedelta:
    since, until = last.granted_at, max(due_at, last.to)
    if since >= until:
        return ZERO
    return time.open_time(clock, since, until) - time.open_time(clock, since, until, stood)


def _steps(
    time: WorkingTime,
    tier: Measure,
    started_at: datetime,
    counts_from: datetime,
    days: Sequence[DayCount],
) -> tuple[Step, ...]:
    first = []
    if counts_from != started_at:
        left = days[0].left + days[0].counted
        day = counts_from.date() - ONE_DAY
        first = [DayCount(day, ZERO, ZERO, left)]
    return tuple(_step(time, tier, each) for each in [*first, *days])


def _step(time: WorkingTime, tier: Measure, count: DayCount) -> Step:
    special = time.calendar.special.get(count.day)
    return Step(
        day=count.day,
        kind=time.calendar.kind(count.day),
        zh=special.zh if special else "",
        en=special.en if special else "",
        counted=count.counted,
        paused=count.paused,
        left=count.left,
        settled=tier.clock is not Clock.WORKING or time.calendar.is_settled(count.day),
    )
