"""Steps in their one order, and the questions that a fold asks of them."""

from collections.abc import Iterable
from datetime import datetime

from routing.steps import Step, StepKind
from routing.texts import plain_text


class Timeline:
    """Steps by (at, kind, event_id), each event once.

    Of two different steps with one event_id always the same one is kept, so that the order in
    which they came decides nothing.
    """

    def __init__(self, steps: Iterable[Step]) -> None:
        kept: dict[str, Step] = {}
        for step in steps:
            other = kept.setdefault(step.event_id, step)
            if other is not step and other != step:
                kept[step.event_id] = min(other, step, key=_tie_break)
        self.steps = tuple(sorted(kept.values(), key=lambda step: step.order))

    def all(self, *kinds: StepKind) -> tuple[Step, ...]:
        return tuple(step for step in self.steps if step.kind in kinds)

    def first(self, *kinds: StepKind) -> Step | None:
        return next(iter(self.all(*kinds)), None)

    def last(self, *kinds: StepKind) -> Step | None:
        return next(iter(self.all(*kinds)[::-1]), None)

    def has(self, *kinds: StepKind) -> bool:
        return any(step.kind in kinds for step in self.steps)

    def where(self, *, node: str, leg: str) -> "Timeline":
        return Timeline(step for step in self.steps if (step.node, step.leg) == (node, leg))


def said(step: Step | None, *names: str) -> str | None:
    """The first of these fields that holds any text."""
    if step is None:
        return None
    return next((text for name in names if (text := plain_text(step.data.get(name)))), None)


def at(step: Step | None) -> datetime | None:
    return None if step is None else step.at


def _tie_break(step: Step) -> tuple[str, str]:
    content = (step.at.timestamp(), step.node, step.leg, step.call_id, sorted(step.data.items()))
    return (step.kind, repr(content))
