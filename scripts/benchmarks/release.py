"""The release time: from the key to the slot free, in microseconds, out of our own record.

A second figure has its place here once the release can be a REFER: from the arrival of the key's
first RTP end packet to the trunk channel gone, both seen from outside.
"""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Engine, select

from db.engine import reading
from db.models import CallStepRow
from routing.steps import StepKind
from scripts.benchmarks.intervals import percentile

MICROSECOND = timedelta(microseconds=1)


@dataclass(frozen=True, slots=True)
class ReleaseTimes:
    """Milliseconds. `calls` were released, each once."""

    calls: int
    p50: float
    p99: float
    most: float

    def as_dict(self) -> dict[str, float]:
        return {"calls": self.calls, "p50": self.p50, "p99": self.p99, "max": self.most}


def key_to_slot_free(engine: Engine) -> ReleaseTimes:
    """From the bridge's `key_at` to Asterisk's time of L110_RELEASED; both read one clock."""
    kinds = (StepKind.DECIDED.value, StepKind.RELEASED.value)
    query = select(CallStepRow.call_id, CallStepRow.kind, CallStepRow.at, CallStepRow.data)
    with reading(engine) as session:
        steps = session.execute(query.where(CallStepRow.kind.in_(kinds))).all()
    return summary(_spans((call, kind, at, data) for call, kind, at, data in steps if call))


def summary(spans_us: Sequence[int]) -> ReleaseTimes:
    if not spans_us:
        return ReleaseTimes(0, 0.0, 0.0, 0.0)
    p50, p99 = percentile(spans_us, 0.5), percentile(spans_us, 0.99)
    return ReleaseTimes(len(spans_us), p50 / 1000, p99 / 1000, max(spans_us) / 1000)


def _spans(steps: Iterable[tuple[str, str, datetime, dict[str, str]]]) -> list[int]:
    keys: dict[str, datetime] = {}
    released: defaultdict[str, list[datetime]] = defaultdict(list)
    for call, kind, at, data in steps:
        if kind == StepKind.RELEASED:
            released[call].append(at)
        elif data.get("key_at"):
            keys[call] = datetime.fromisoformat(data["key_at"])
    both = keys.keys() & released.keys()
    return [(min(released[call]) - keys[call]) // MICROSECOND for call in both]
