"""The keeper in numbers: who runs, who was started anew, who does not stay up."""

from collections.abc import Mapping

from prometheus_client import Counter, Gauge

from scripts.metrics.pages import new_registry


class KeeperFigures:
    """Under systemd only Asterisk is kept here; the others are then systemd's business."""

    def __init__(self) -> None:
        self.registry = new_registry()
        self.looks = Counter("l110_keeper_looks", "looks", registry=self.registry)
        self._restarts = Counter(
            "l110_process_restarts", "new starts", ["process"], registry=self.registry
        )
        self._killed = Counter(
            "l110_process_killed",
            "ended because it was frozen",
            ["process"],
            registry=self.registry,
        )
        self._up = Gauge(
            "l110_process_up", "1: its supervisor says it runs", ["process"], registry=self.registry
        )
        self._failing = Gauge(
            "l110_process_failing", "1: it does not stay up", ["process"], registry=self.registry
        )

    def restarted(self, name: str) -> None:
        self._restarts.labels(name).inc()

    def killed(self, name: str) -> None:
        self._killed.labels(name).inc()

    def seen(self, running: Mapping[str, bool], failing: Mapping[str, str]) -> None:
        """Every process has its series from the beginning, so that a first restart is a rise."""
        for name, runs in running.items():
            self._up.labels(name).set(runs)
            self._failing.labels(name).set(name in failing)
            self._restarts.labels(name)
            self._killed.labels(name)
