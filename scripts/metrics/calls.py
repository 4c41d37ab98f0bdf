"""Calls in numbers: out of the folded record of the trunk legs, each call once when it is over."""

import threading
from collections import OrderedDict
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import TypeVar

import structlog
from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram
from sqlalchemy import Engine
from sqlalchemy.exc import SQLAlchemyError

from db.engine import reading
from db.models import CallLegRow, CallRow
from reports.settled import Settled, open_of, settled_calls, settled_legs, strangers
from routing.model import Target
from routing.outcome import Outcome
from routing.seats import side_of
from routing.steps import Step

LOOK_EVERY_S = 2.0
SETTLED_S = 5.0  # a released caller may be on his way back, and a step on its way to the store
MOST = 100_000

SHORT_S = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10)
# A trunk that is cleared by REFER is free within milliseconds, by redirect after the talk.
LONG_S = (
    *(0.005, 0.01, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 15, 20, 30, 45, 60, 120, 300, 600),
    *(1800, 3600),
)
BRIDGES = ("seen", "lost", "away", "not-asked")
LABELS: Mapping[str, tuple[str, ...]] = {
    "mode": ("redirect", "refer"),
    "verdict": tuple(Target),
    "side": tuple(Target),
}
HISTOGRAMS: tuple[tuple[str, str, tuple[str, ...], tuple[float, ...]], ...] = (
    ("answer", "from the trunk channel's start to our answer", (), SHORT_S),
    ("release", "from the key to the police slot free", ("mode",), SHORT_S),
    ("trunk_free", "from the key to the trunk channel gone", ("mode",), LONG_S),
    ("slot_held", "how long a police slot was held", ("verdict",), LONG_S),
    ("trunk_held", "how long trunk channels were held", ("verdict",), LONG_S),
    ("wait", "from the queue to the seat's answer", ("side",), LONG_S),
    ("talk", "talk with a seat", ("side",), LONG_S),
)
COUNTERS: tuple[tuple[str, str, str, tuple[str, ...]], ...] = (
    ("l110_calls", "calls on record that are over", "outcome", tuple(Outcome)),
    ("l110_call_verdicts", "the same by verdict", "verdict", (*Target, "none")),
    ("l110_call_bridge", "the same by what the bridge did", "bridge", BRIDGES),
    ("l110_legs", "trunk legs on record that are over", "end", ("ended", "node-lost", "test")),
)

M = TypeVar("M", Counter, Histogram)

log = structlog.get_logger(__name__)


class Once:
    """Names that are waited for, and those that were counted; both bounded."""

    def __init__(self, most: int = MOST) -> None:
        self._most = most
        self._waiting: OrderedDict[str, None] = OrderedDict()
        self._done: OrderedDict[str, None] = OrderedDict()
        self._lock = threading.Lock()

    def __len__(self) -> int:
        return len(self._waiting)

    def expect(self, names: Iterable[str]) -> None:
        with self._lock:
            for name in names:
                if name not in self._done:
                    self._waiting[name] = None
            self._cut(self._waiting)

    def waiting(self) -> list[str]:
        with self._lock:
            return list(self._waiting)

    def forget(self, name: str) -> bool:
        """It is done with. False: it was before."""
        with self._lock:
            self._waiting.pop(name, None)
            if name in self._done:
                return False
            self._done[name] = None
            self._cut(self._done)
            return True

    def _cut(self, names: OrderedDict[str, None]) -> None:
        while len(names) > self._most:
            names.popitem(last=False)


class CallFigures:
    def __init__(self, registry: CollectorRegistry, node: str) -> None:
        self._node = node
        self._calls, self._legs = Once(), Once()
        self._histograms = {
            name: _zeroed(
                Histogram(f"l110_call_{name}_seconds", says, by, registry=registry, buckets=le),
                [value for label in by for value in LABELS[label]],
            )
            for name, says, by, le in HISTOGRAMS
        }
        self._counters = {
            name: _zeroed(Counter(name, says, [label], registry=registry), values)
            for name, says, label, values in COUNTERS
        }
        waiting = Gauge("l110_calls_open", "calls that are not counted yet", registry=registry)
        waiting.set_function(lambda: len(self._calls))

    def expect(self, steps: Sequence[Step]) -> None:
        self._calls.expect(step.call_id for step in steps if step.call_id)
        self._legs.expect(step.leg for step in steps if step.leg and step.node == self._node)

    def begin(self, engine: Engine) -> None:
        """What the forwarder before this one left going on."""
        with reading(engine) as session:
            left = open_of(session, self._node)
        self._calls.expect(left.calls)
        self._legs.expect(left.legs)

    def look(self, engine: Engine, now: datetime) -> None:
        until = now - timedelta(seconds=SETTLED_S)
        ids = self._calls.waiting()
        with reading(engine) as session:
            for call_id in strangers(session, self._node, ids):
                self._calls.forget(call_id)
            calls = settled_calls(session, self._calls.waiting(), until)
            legs = settled_legs(session, self._node, self._legs.waiting(), until)
        for one in calls:
            if self._calls.forget(one.call.call_id):
                self.count(one)
        for leg in legs:
            if self._legs.forget(leg.uniqueid):
                self.count_leg(leg)

    def run(self, engine: Engine, stop: threading.Event) -> None:
        """In a thread, until `stop`."""
        begun = False
        while not stop.wait(LOOK_EVERY_S):
            try:
                if not begun:
                    self.begin(engine)
                    begun = True
                self.look(engine, datetime.now(UTC))
            except SQLAlchemyError:
                continue  # the forwarder says that the store is away

    def count(self, settled: Settled) -> None:
        call, by_id = settled.call, {"call_id": settled.call.call_id}
        verdict, mode = call.verdict or "none", call.release_mode or "none"
        side = side_of(call.queue)
        self._count("l110_calls", call.outcome or "none", by_id)
        self._count("l110_call_verdicts", verdict, by_id)
        self._count("l110_call_bridge", call.bridge or "not-asked", by_id)
        told = {
            "answer": ((), settled.answer_ms),
            "release": ((mode,), call.release_ms),
            "trunk_free": ((mode,), call.trunk_free_ms),
            "slot_held": ((verdict,), call.slot_held_ms),
            "trunk_held": ((verdict,), call.trunk_held_ms),
            "wait": ((side.value if side else "none",), call.wait_ms),
            "talk": ((side.value if side else "none",), call.talk_ms),
        }
        for name, (values, took_ms) in told.items():
            if took_ms is not None:
                self._observe(name, values, took_ms / 1000, by_id)
        log.info("call.settled", **_said(call), answer_ms=settled.answer_ms)

    def count_leg(self, leg: CallLegRow) -> None:
        self._count("l110_legs", leg.end_reason or "none", None)

    def _count(self, name: str, value: str, by_id: dict[str, str] | None) -> None:
        self._counters[name].labels(value).inc(1, by_id)

    def _observe(
        self, name: str, labels: tuple[str, ...], took_s: float, by_id: dict[str, str]
    ) -> None:
        histogram = self._histograms[name]
        (histogram.labels(*labels) if labels else histogram).observe(took_s, by_id)


def _zeroed(metric: M, values: Iterable[str]) -> M:
    """A series that begins with its first event shows no rise to Prometheus, and no alert."""
    for value in values:
        metric.labels(value)
    return metric


def _said(call: CallRow) -> dict[str, object]:
    names = ("call_id", "verdict", "reason", "outcome", "release_ms", "slot_held_ms", "bridge")
    return {name: getattr(call, name) for name in names}
