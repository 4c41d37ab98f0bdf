"""Who talked to the caller, after what wait, for how long."""

from dataclasses import dataclass
from datetime import datetime

from routing.model import Target
from routing.steps import Step, StepKind
from routing.texts import ms_between
from routing.timeline import Timeline, at, said

SIDE_CHANGES = (StepKind.RELEASED, StepKind.JOINED, StepKind.RETURNED, StepKind.SEAT)
LEAVES_A_SEAT = (StepKind.RELEASED, StepKind.RETURNED)
IN_A_TALK = (StepKind.SEAT, StepKind.THREE_WAY)
THREE_WAY = "three-way"


@dataclass(frozen=True, slots=True)
class SeatFacts:
    """Of the last seat that had the caller; of the last queue where none did.

    wait_ms: from the first queue of that side to the seat. A call that overflows from queue to
        queue, or comes round again, has waited all the while. Of a third party: from its call.
    talk_ms: from the seat's answer to the hand-over, the return to the police, or the end.
    """

    queue: str | None = None
    seat: str | None = None
    answered_at: datetime | None = None
    wait_ms: int | None = None
    talk_ms: int | None = None


def seat_facts(steps: Timeline, ended_at: datetime | None) -> SeatFacts:
    seat = last_talk(steps)
    if seat is None:
        return SeatFacts(queue=said(steps.last(StepKind.QUEUED), "queue"))
    queued = _asked_in(steps, seat) if seat.kind is StepKind.THREE_WAY else None
    queued = queued or _first_queued(steps, seat)
    return SeatFacts(
        queue=said(seat, "queue") or said(queued, "queue"),
        seat=said(seat, "member"),
        answered_at=seat.at,
        wait_ms=ms_between(at(queued), seat.at),
        talk_ms=ms_between(seat.at, at(_left_after(steps, seat)) or ended_at),
    )


def last_talk(steps: Timeline) -> Step | None:
    """The step with which the last seat began to talk to the caller.

    Of a three-way call it is the police's while they are in it, then that of who stayed with him.
    """
    found: Step | None = None
    for step in steps.steps:
        if step.kind is StepKind.SEAT:
            found = step
        elif within_the_talk(step):
            found = _who_has_him(steps, step) or found
    return found


def left_for_a_queue(steps: Timeline) -> tuple[Step, ...]:
    """The steps with which the caller left a seat, and everybody else in the talk."""
    return tuple(step for step in steps.all(*LEAVES_A_SEAT) if not within_the_talk(step))


def within_the_talk(step: Step) -> bool:
    """Whether a release or return changed only who has the caller, in the middle of a talk."""
    return step.kind in LEAVES_A_SEAT and said(step, "how") == THREE_WAY


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
    return next((step for step in left_for_a_queue(steps) if step.order > seat.order), None)


def _who_has_him(steps: Timeline, change: Step) -> Step | None:
    side = Target.LIVELIHOOD if change.kind is StepKind.RELEASED else Target.POLICE
    talks = (step for step in steps.all(*IN_A_TALK)[::-1] if step.at <= change.at)
    return next((step for step in talks if side_of(said(step, "queue")) is side), None)


def _asked_in(steps: Timeline, joined: Step) -> Step | None:
    asked = (step for step in steps.all(StepKind.ASKED_IN)[::-1] if step.order < joined.order)
    return next(asked, None)
