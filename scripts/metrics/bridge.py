"""The bridge in numbers. Verdicts are what it said; what became of the call is the forwarder's."""

from collections.abc import Iterable, Iterator
from typing import Protocol

from prometheus_client import CollectorRegistry, Counter, Histogram
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from db.journal import Journal
from ivr.server import AgiServer
from routing.model import Target, Verdict
from scripts.clock_watch import ClockWatch
from scripts.live_rules import LiveRules
from scripts.metrics.pages import gauge, new_registry

INTAKE_S = (0.1, 0.25, 0.5, 1, 2, 3, 4, 6, 8, 10, 15, 20, 30)
COMMIT_S = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5)


class BridgeFigures:
    """Counted as it happens; each costs a call some microseconds."""

    def __init__(self) -> None:
        self.registry = new_registry()
        self.verdicts = Counter(
            "l110_verdicts",
            "verdicts of the bridge, self-tests left out",
            ["target", "reason"],
            registry=self.registry,
        )
        self.intake = Histogram(
            "l110_intake_seconds",
            "from the bridge's first command to its verdict: menu and key",
            ["target"],
            buckets=INTAKE_S,
            registry=self.registry,
        )
        for target in Target:
            self.intake.labels(target.value)  # so that a first call is a rise
        self.commits = Histogram(
            "l110_journal_commit_seconds",
            "one group commit of the journal, with its sync",
            buckets=COMMIT_S,
            registry=self.registry,
        )
        self.steps = Counter(
            "l110_journal_steps", "steps that the journal has on disk", registry=self.registry
        )

    def decided(self, verdict: Verdict, took_s: float) -> None:
        self.verdicts.labels(verdict.target.value, verdict.reason).inc()
        self.intake.labels(verdict.target.value).observe(took_s)

    def committed(self, steps: int, took_s: float) -> None:
        self.commits.observe(took_s)
        self.steps.inc(steps)


class Health(Protocol):
    journal: Journal
    rules: LiveRules
    server: AgiServer
    clock: ClockWatch
    lag_s: float

    def ready(self) -> bool: ...


class BridgeMetrics(Collector):
    """What is read when somebody asks."""

    def __init__(self, health: Health) -> None:
        self._health = health

    def collect(self) -> Iterator[Metric]:
        health = self._health
        yield from _counters(health)
        yield gauge("l110_agi_live", "AGI connections open now", health.server.counters.live)
        yield gauge("l110_agi_most", "AGI connections that may be open", _most(health.server))
        yield gauge("l110_journal_healthy", "1: steps reach the disk", health.journal.healthy)
        yield gauge("l110_journal_queue_steps", "wait for the disk", health.journal.queued)
        yield gauge("l110_loop_lag_seconds", "how late the event loop is", health.lag_s)
        yield gauge("l110_bridge_ready", "1: as /readyz says", health.ready())
        rules = GaugeMetricFamily("l110_rules", "rules that are live", labels=["version", "state"])
        rules.add_metric([health.rules.current.version, health.rules.state], 1)
        yield rules


def bridge_registry(figures: BridgeFigures, health: Health) -> CollectorRegistry:
    figures.registry.register(BridgeMetrics(health))
    return figures.registry


def _most(server: AgiServer) -> int:
    return server.limits.connections


def _counters(health: Health) -> Iterable[Metric]:
    seen = health.server.counters
    told = {
        "connections": (seen.connections, "AGI connections ever taken, self-tests among them"),
        "refused": (seen.refused, "over the cap, or of an unknown script"),
        "unfinished": (seen.unfinished, "closed before their environment was whole"),
        "left": (seen.left, "callers who hung up meanwhile"),
        "failed": (seen.failed, "scripts that came to an error"),
    }
    for name, (value, says) in told.items():
        yield CounterMetricFamily(f"l110_agi_{name}", says, value)
    yield CounterMetricFamily(
        "l110_journal_unkept", "steps that stand in the log only", health.journal.unkept
    )
    yield CounterMetricFamily("l110_clock_steps", "steps of the wall clock", health.clock.steps)
