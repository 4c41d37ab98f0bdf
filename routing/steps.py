"""The record of a call is its steps; everything else is folded from them."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from routing.model import aware

Scalar = str | int | float | bool | None


class StepKind(StrEnum):
    """The order here is the order of a call, and breaks ties between steps of one microsecond."""

    BOOT = "boot"
    RULES = "rules"
    CLOCK = "clock"
    CHAN_START = "chan-start"
    TEST = "test"
    START = "start"
    INTAKE = "intake"
    DECIDED = "decided"
    FAILED = "failed"
    RETURNED = "returned"
    REFERRED = "referred"
    UNREFERRED = "unreferred"
    RELEASED = "released"
    JOINED = "joined"
    CLASS = "class"
    OVERFLOW = "overflow"
    PAUSED = "paused"
    QUEUED = "queued"
    ASKED_IN = "asked-in"
    THREE_WAY = "three-way"
    SEAT = "seat"
    FORCED = "forced"
    END = "end"
    CHAN_END = "chan-end"
    CALLING_BACK = "calling-back"
    CALLED_BACK = "called-back"


# Our own calls to citizens: legs of no call.
OF_CALL_BACKS = frozenset({StepKind.CALLING_BACK, StepKind.CALLED_BACK})
RANK: Mapping[StepKind, int] = {kind: rank for rank, kind in enumerate(StepKind)}


@dataclass(frozen=True, slots=True)
class Step:
    """One thing that happened, as the node wrote it down.

    event_id: unique and deterministic, so that a replay changes nothing.
    leg: uniqueid of the trunk channel; "" for BOOT, RULES, CLOCK and call-backs.
    at: aware, microseconds.
    data: JSON-able; one flat object of scalars.

    Raises:
        NaiveTime: `at` has no zone.
    """

    event_id: str
    kind: StepKind
    node: str
    leg: str
    call_id: str | None
    at: datetime
    data: Mapping[str, Scalar] = field(default_factory=dict)

    def __post_init__(self) -> None:
        aware(self.at)

    @property
    def order(self) -> tuple[datetime, int, str]:
        """Sort key: total over steps with different event_ids."""
        return (self.at, RANK[self.kind], self.event_id)
