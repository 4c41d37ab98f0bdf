"""What happened to one call, out of every place that knows of it, in one order."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from reports.masking import mask_number
from routing.steps import Step, StepKind
from scripts.cli.record_views import NUMBERS, PRIVATE, masked
from tickets.numbers import SHANGHAI

OF_BRIDGE = (StepKind.INTAKE, StepKind.DECIDED, StepKind.FAILED)
SHORTEST_NUMBER = 5  # what is shorter would be masked in the middle of times and ids


class Source(StrEnum):
    STORE = "store"
    JOURNAL = "journal"
    CEL = "cel"
    LOG = "log"


@dataclass(frozen=True, slots=True)
class Entry:
    """at: aware, microseconds. process: who did it, not who wrote it down."""

    at: datetime
    process: str
    what: str
    source: Source
    node: str
    leg: str
    facts: Mapping[str, Any]

    def as_dict(self, first: datetime) -> dict[str, Any]:
        return {
            "at": self.at.astimezone(SHANGHAI).isoformat(timespec="microseconds"),
            "ms": ms_since(first, self.at),
            "process": self.process,
            "what": self.what,
            "source": self.source.value,
            "node": self.node,
            "leg": self.leg,
            "facts": dict(self.facts),
        }


def ms_since(first: datetime, at: datetime) -> float:
    return round((at - first).total_seconds() * 1000, 1)


def of_steps(found: Mapping[Source, Iterable[Step]]) -> list[Entry]:
    """A step that came from several places is told once, from the first of them."""
    told: dict[str, Entry] = {}
    for source, steps in found.items():
        for step in sorted(steps, key=lambda step: step.order):
            told.setdefault(step.event_id, _entry(step, source))
    return list(told.values())


def _entry(step: Step, source: Source) -> Entry:
    facts = masked(step.data)
    return Entry(step.at, _process(step), step.kind.value, source, step.node, step.leg, facts)


def _process(step: Step) -> str:
    if step.kind is StepKind.FORCED:
        return "operator"
    return "bridge" if step.kind in OF_BRIDGE else "asterisk"


def numbers_of(steps: Iterable[Step]) -> set[str]:
    """Whatever these steps say of who called, for masking it where it stands in words."""
    names = NUMBERS | PRIVATE
    told = {str(value) for step in steps for name, value in step.data.items() if name in names}
    return {text for text in told if len(text) >= SHORTEST_NUMBER and text != "unknown"}


def without_numbers(value: object, numbers: Sequence[str]) -> object:
    """`numbers`: longest first."""
    if not isinstance(value, str):
        return value
    for number in numbers:
        value = value.replace(number, mask_number(number))
    return value
