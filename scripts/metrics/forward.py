"""The forwarder in numbers: what it stored, how long that took, how far it is behind."""

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime

from prometheus_client import CollectorRegistry, Counter, Histogram
from prometheus_client.core import CounterMetricFamily, Metric
from prometheus_client.registry import Collector

from config.settings import Settings
from db.forwarder import Forwarder
from ivr.cel_feed import CelFeed
from routing.steps import Step
from scripts.cli.backlog import bytes_behind, journal_backlog
from scripts.metrics.calls import CallFigures
from scripts.metrics.pages import gauge, new_registry

BATCH_S = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10)
LAG_S = (0.05, 0.1, 0.25, 0.5, 1, 1.5, 2, 3, 5, 10, 30, 60, 300, 3600)


class ForwardFigures:
    """What the forwarder tells as it goes."""

    def __init__(self, node: str) -> None:
        self.registry = new_registry()
        self.calls = CallFigures(self.registry, node)
        self._steps = Counter("l110_forward_steps", "steps stored", registry=self.registry)
        self._batches = Histogram(
            "l110_forward_batch_seconds",
            "one transaction, with its COMMIT",
            buckets=BATCH_S,
            registry=self.registry,
        )
        self._lag = Histogram(
            "l110_forward_lag_seconds",
            "age of the oldest step of a batch when it was stored",
            buckets=LAG_S,
            registry=self.registry,
        )
        self._errors = Counter(
            "l110_forward_store_errors", "rounds without a COMMIT", registry=self.registry
        )

    def stored(self, steps: Sequence[Step], took_s: float) -> None:
        if not steps:
            return
        self._steps.inc(len(steps))
        self._batches.observe(took_s)
        age = datetime.now(UTC) - min(step.at for step in steps)
        self._lag.observe(max(0.0, age.total_seconds()))
        self.calls.expect(steps)

    def store_failed(self) -> None:
        self._errors.inc()


class ForwardMetrics(Collector):
    """What is read when somebody asks. `forwarder` is None while the store is awaited."""

    def __init__(self, settings: Settings, cel: CelFeed) -> None:
        self._settings, self._cel = settings, cel
        self.forwarder: Forwarder | None = None

    def collect(self) -> Iterator[Metric]:
        forwarder = self.forwarder
        up = forwarder is not None and forwarder.store_up
        yield gauge("l110_forward_store_up", "1: the store took the last round", up)
        refused = forwarder.quarantined if forwarder else 0
        yield CounterMetricFamily("l110_forward_quarantined", "lines and steps refused", refused)
        waiting = journal_backlog(self._settings)
        if waiting is not None:
            yield gauge("l110_forward_backlog_steps", "in the journal, not stored", waiting.waiting)
            oldest_s = waiting.oldest_s or 0.0
            yield gauge("l110_forward_backlog_oldest_seconds", "age of the oldest", oldest_s)
        behind = self._behind()
        if behind is not None:
            yield gauge("l110_forward_cel_behind_bytes", "of the CEL file, not stored", behind)

    def _behind(self) -> int | None:
        try:
            return bytes_behind(self._settings.cel_path, self._cel.position)
        except OSError:
            return None


def forward_registry(figures: ForwardFigures, metrics: ForwardMetrics) -> CollectorRegistry:
    figures.registry.register(metrics)
    return figures.registry
