"""Who talked to the caller, after what wait, for how long."""

from dataclasses import dataclass
from datetime import datetime

from routing.model import Target
from routing.steps import Step, StepKind
from routing.texts import ms_between
from routing.timeline import Timeline, at, said

SIDE_CHANGES = (StepKind.RELEASED, StepKind.JOINED, StepKind.RETURNED, StepKind.SEAT)


@dataclass(frozen=True, slots=True)
class SeatFacts:
    """Of the last seat that answered; of the last queue where none did.

    wait_ms: from the first queue of that side to the seat. A call that overflows from queue to
        queue, or comes round again, has waited all the while.
    talk_ms: from the seat's answer to the hand-over, the return to the police, or the end.
    """

    queue: str | None = None
    seat: str | None = None
    answered_at: datetime | None = None
    wait_ms: int | None = None
    talk_ms: int | None = None


def seat_facts(steps: Timeline, ended_at: datetime | None) -> SeatFacts:
    seat = steps.last(StepKind.SEAT)
    if seat is None:
        return SeatFacts(queue=said(steps.last(StepKind.QUEUED), "queue"))
    queued = _first_queued(steps, seat)
    return SeatFacts(
        queue=said(seat, "queue") or said(queued, "queue"),
        seat=said(seat, "member"),
        answered_at=seat.at,
        wait_ms=ms_between(at(queued), seat.at),
        talk_ms=ms_between(seat.at, at(_left_after(steps, seat)) or ended_at),
    )


def side_of(queue: str | None) -> Target | None:
    """Queue names begin with the side that they serve."""
    if queue is None:
        return None
    return next((target for target in Target if queue.startswith(target.value)), None)


def _first_queued(steps: Timeline, seat: Step) -> Step | None:
    found: Step | None = None
    for step in steps.steps[: steps.steps.index(seat)]:
        if step.kind in SIDE_CHANGES:
            found = None
        elif step.kind is StepKind.QUEUED:
            found = found or step
    return found


def _left_after(steps: Timeline, seat: Step) -> Step | None:
    left = steps.all(StepKind.RELEASED, StepKind.RETURNED)
    return next((step for step in left if step.order > seat.order), None)
