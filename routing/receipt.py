"""How long a police line was held: figures of the slot, never mixed with those of the trunk."""

from datetime import datetime

from routing.model import Target
from routing.steps import Step, StepKind
from routing.texts import moment, ms_between
from routing.timeline import Timeline, at, said

NO_SLOT = "0"  # a call to the livelihood number itself, or one that was gone before it took a slot
SLOT_MOVES = (StepKind.RELEASED, StepKind.RETURNED, StepKind.END)


def release_ms(steps: Timeline) -> int | None:
    """From the key to the slot free, of the call's first release."""
    released = steps.first(StepKind.RELEASED)
    return ms_between(_key_at(steps, released), at(released))


def trunk_free_ms(steps: Timeline) -> int | None:
    """From the key to the trunk channel gone, of the call's first release; None until it is gone.

    By REFER that is as soon as the switch has the call; by redirect it is the end of the talk.
    """
    released = steps.first(StepKind.RELEASED)
    if released is None:
        return None
    leg = steps.where(node=released.node, leg=released.leg)
    return ms_between(_key_at(steps, released), at(leg.last(StepKind.CHAN_END)))


def _key_at(steps: Timeline, released: Step | None) -> datetime | None:
    """In the release itself if the key was pressed while waiting, else in the decision."""
    if released is None:
        return None
    decided = steps.last(StepKind.DECIDED)
    key_at = moment(released.data.get("key_at"))
    if key_at is None and decided and said(decided, "verdict", "target") == Target.LIVELIHOOD:
        key_at = moment(decided.data.get("key_at"))
    return key_at


def slot_held_ms(steps: Timeline) -> int | None:
    """From the start to the slot free, or to the end where it was never given back early.

    A caller who returns to the police takes a slot again: both times are added. None while a slot
    is held, and where no start or no end is known.
    """
    start = steps.first(StepKind.START) or steps.first(StepKind.INTAKE)
    if start is None:
        return None
    since = None if said(start, "lines") == NO_SLOT else start.at
    total = 0
    for step in steps.all(*SLOT_MOVES):
        if step.kind is StepKind.RETURNED:
            since = since or step.at
        elif since is not None:
            total += ms_between(since, step.at) or 0
            since = None
    if since is not None and (channel_end := steps.last(StepKind.CHAN_END)):
        total += ms_between(since, channel_end.at) or 0
        since = None
    return total if since is None else None
