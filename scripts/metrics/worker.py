"""The worker in numbers: what its jobs did, when each last ran, and what waits in the store."""

import time
from collections.abc import Iterator
from datetime import UTC, datetime

from prometheus_client import CollectorRegistry
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector
from sqlalchemy import Engine
from sqlalchemy.exc import SQLAlchemyError

from db.due_work import oldest_due_at
from db.engine import reading
from db.messages import MESSAGES, count_by_state
from dispatch.worker import Worker
from scripts.metrics.pages import gauge, new_registry

COUNTED = (MESSAGES.waits, MESSAGES.works, MESSAGES.dead)


class WorkerMetrics(Collector):
    """What is read when somebody asks. `worker` is None while the store is awaited."""

    def __init__(self) -> None:
        self.worker: Worker | None = None
        self._engine: Engine | None = None

    def serve(self, worker: Worker, engine: Engine) -> None:
        self._engine, self.worker = engine, worker

    @property
    def running(self) -> Worker:
        assert self.worker is not None
        return self.worker

    def collect(self) -> Iterator[Metric]:
        yield from _jobs(self.worker)
        if self._engine is not None:
            yield from _messages(self._engine)


def worker_registry(metrics: WorkerMetrics) -> CollectorRegistry:
    return new_registry(metrics)


def _jobs(worker: Worker | None) -> Iterator[Metric]:
    now_s = time.monotonic()
    ran = CounterMetricFamily("l110_job_turns", "turns that ended well", labels=["job"])
    failed = CounterMetricFamily("l110_job_failures", "turns that failed", labels=["job"])
    did = CounterMetricFamily("l110_job_did", "pieces of work done", labels=["job"])
    age = GaugeMetricFamily(
        "l110_job_last_turn_seconds", "since a turn last ended well", labels=["job"]
    )
    for name, turns in worker.turns.items() if worker else ():
        ran.add_metric([name], turns.ran)
        failed.add_metric([name], turns.failed)
        did.add_metric([name], turns.did)
        since_s = turns.moved_s if turns.last_s is None else turns.last_s
        age.add_metric([name], now_s - since_s)
    yield from (ran, failed, did, age)


def _messages(engine: Engine) -> Iterator[Metric]:
    """Nothing where the store is away: the jobs' failures say that."""
    try:
        with reading(engine) as session:
            counts = count_by_state(session, COUNTED)
            oldest = oldest_due_at(session, MESSAGES)
    except SQLAlchemyError:
        return
    states = GaugeMetricFamily("l110_messages", "messages to units", labels=["state"])
    for state, count in counts.items():
        states.add_metric([state], count)
    yield states
    late_s = (datetime.now(UTC) - oldest).total_seconds() if oldest else 0.0
    yield gauge("l110_messages_oldest_due_seconds", "overdue by", max(0.0, late_s))
