"""What became of a call, in one word."""

from enum import StrEnum

from routing.legs import LegFacts
from routing.model import Target
from routing.seats import last_talk, left_for_a_queue, side_of
from routing.steps import StepKind
from routing.timeline import Timeline, said

REFUSED = ("too-many-calls", "too-many-of-number", "draining")
LINES_FULL, MERGED = "lines-full", "merged"
ON_A_SIDE = (
    StepKind.QUEUED,
    StepKind.SEAT,
    StepKind.RELEASED,
    StepKind.JOINED,
    StepKind.RETURNED,
)
BEYOND_ANSWER = (StepKind.INTAKE, StepKind.DECIDED, *ON_A_SIDE)


class Outcome(StrEnum):
    TALKED_TO_POLICE = "talked-to-police"
    TALKED_TO_LIVELIHOOD = "talked-to-livelihood"
    LEFT_BEFORE_ANSWER = "left-before-answer"
    LEFT_IN_MENU = "left-in-menu"
    LEFT_WAITING_FOR_POLICE = "left-waiting-for-police"
    LEFT_WAITING_FOR_LIVELIHOOD = "left-waiting-for-livelihood"
    TOLD_NO_OPERATOR = "told-no-operator"
    RELEASED_NOT_RETURNED = "released-not-returned"
    LINES_FULL = "lines-full"
    LEFT_TO_THE_SWITCH = "left-to-the-switch"
    MERGED = "merged"
    NODE_LOST = "node-lost"
    IN_PROGRESS = "in-progress"


TALKED = {
    Target.POLICE: Outcome.TALKED_TO_POLICE,
    Target.LIVELIHOOD: Outcome.TALKED_TO_LIVELIHOOD,
}
WAITING = {
    Target.POLICE: Outcome.LEFT_WAITING_FOR_POLICE,
    Target.LIVELIHOOD: Outcome.LEFT_WAITING_FOR_LIVELIHOOD,
}


def outcome_of(steps: Timeline, legs: tuple[LegFacts, ...], answered: bool) -> Outcome:
    """The last thing that the caller met decides.

    A leg that lives: in-progress. A leg that its node lost: node-lost, whatever came before.
    A seat: talked-to its side (of a three-way call, of whoever stayed with him), unless the caller
    was handed over or returned after it and nobody answered him there. A release by REFER, his
    first or a later one, after which he never came on the livelihood trunk:
    released-not-returned. An overflow of the
    livelihood queue: told-no-operator. A queue, a release or a return: left-waiting for that side.
    A police verdict without a queue: left-waiting-for-police.
    Nothing of these: left-in-menu if the call was answered, else left-before-answer.
    """
    if not legs or any(leg.ended_at is None for leg in legs):
        return Outcome.IN_PROGRESS
    if any(leg.end_reason == "node-lost" for leg in legs):
        return Outcome.NODE_LOST
    end = steps.last(StepKind.END)
    if (refused := _refused(said(end, "reason"))) is not None:
        return refused
    if steps.has(*ON_A_SIDE):
        return _on_a_side(steps)
    if said(end, "verdict") == Target.LIVELIHOOD:
        return Outcome.LEFT_WAITING_FOR_LIVELIHOOD
    if said(end, "verdict") is not None:
        return Outcome.LEFT_WAITING_FOR_POLICE
    if answered or steps.has(*BEYOND_ANSWER):
        return Outcome.LEFT_IN_MENU
    return Outcome.LEFT_BEFORE_ANSWER


def _refused(reason: str | None) -> Outcome | None:
    """Not let in: no line, too many calls (the switch rings the police), the twin of a call."""
    if reason in REFUSED:
        return Outcome.LEFT_TO_THE_SWITCH
    return {LINES_FULL: Outcome.LINES_FULL, MERGED: Outcome.MERGED}.get(reason or "")


def _on_a_side(steps: Timeline) -> Outcome:
    seat, left = last_talk(steps), left_for_a_queue(steps)
    if seat is not None and (not left or left[-1].order < seat.order):
        return TALKED[side_of(said(seat, "queue")) or _side(steps)]
    if _never_came_back(steps):
        return Outcome.RELEASED_NOT_RETURNED
    if _told_no_operator(steps):
        return Outcome.TOLD_NO_OPERATOR
    return WAITING[_side(steps)]


def _never_came_back(steps: Timeline) -> bool:
    """Every leg that the switch ever brought back was taken from us by a REFER too.

    Told by the legs, not by the time: the leg that comes back is told before the end of the
    release that sent it.
    """
    if said(steps.last(*ON_A_SIDE), "mode") != "refer":
        return False
    taken = {(s.node, s.leg) for s in steps.all(StepKind.RELEASED) if said(s, "mode") == "refer"}
    return {(s.node, s.leg) for s in steps.all(StepKind.JOINED)} <= taken


def _told_no_operator(steps: Timeline) -> bool:
    """The livelihood queue had no place or no operator for him, and he went nowhere after it."""
    last = steps.last(*ON_A_SIDE, StepKind.OVERFLOW)
    return last is not None and said(last, "from") == Target.LIVELIHOOD


def _side(steps: Timeline) -> Target:
    """Where the caller was last; in doubt with the police."""
    last = steps.last(StepKind.QUEUED, StepKind.RELEASED, StepKind.JOINED, StepKind.RETURNED)
    if last is None or last.kind is StepKind.RETURNED:
        return Target.POLICE
    if last.kind in (StepKind.RELEASED, StepKind.JOINED):
        return Target.LIVELIHOOD
    return side_of(said(last, "queue")) or Target.POLICE
