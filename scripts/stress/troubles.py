"""What is done to a node while calls go through it."""

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from signal import SIGKILL

from scripts.lab.node import Node
from scripts.lab.postgres import PostgresServer

SUPERVISOR_TAKES_S = 1.0  # until a killed bridge is started again


@dataclass(frozen=True, slots=True)
class Plan:
    """Seconds. kill_every_s: of the bridge; 0: never. The rest happens in the middle of the run."""

    lasts_s: float
    kill_every_s: float = 30.0
    store_away_s: float = 120.0
    restart_asterisk: bool = True


@dataclass(slots=True)
class Troubles:
    """Does what is due whenever `tend` is called, always from the same thread.

    (A process of the lab ends with the thread that started it.)
    """

    node: Node
    store: PostgresServer
    plan: Plan
    tell: Callable[[str], None]
    kills: int = 0
    restarts: int = 0
    store_away_s: float = 0.0
    _began: float = 0.0
    _due: list[tuple[float, Callable[[], None]]] = field(default_factory=list)
    _store_stopped_at: float = 0.0

    def begin(self) -> None:
        plan, self._began = self.plan, time.monotonic()
        if plan.kill_every_s:
            self._due.append((plan.kill_every_s, self._kill_bridge))
        if plan.store_away_s:
            self._due.append((plan.lasts_s / 3, self._stop_store))
            self._due.append((plan.lasts_s / 3 + plan.store_away_s, self._start_store))
        if plan.restart_asterisk:
            self._due.append((plan.lasts_s * 0.7, self._restart_asterisk))

    def tend(self) -> None:
        passed = time.monotonic() - self._began
        due = [one for one in self._due if one[0] <= passed]
        self._due = [one for one in self._due if one[0] > passed]
        for _, do in sorted(due, key=lambda one: one[0]):
            do()

    def end(self) -> None:
        """Everything runs again when this returns."""
        self._due.clear()
        if not self.node.processes["ivr"].running:
            self._start_bridge()
        if self._store_stopped_at:
            self._start_store()

    def _kill_bridge(self) -> None:
        _kill(self.node, "ivr")
        self.kills += 1
        self.tell(f"bridge killed ({self.kills})")
        now = time.monotonic() - self._began
        self._due.append((now + SUPERVISOR_TAKES_S, self._start_bridge))
        self._due.append((now + self.plan.kill_every_s, self._kill_bridge))

    def _start_bridge(self) -> None:
        self.node.start_one("ivr")
        self.node.wait_for("ivr")

    def _stop_store(self) -> None:
        self._store_stopped_at = time.monotonic()
        self.store.stop()
        self.tell("store stopped")

    def _start_store(self) -> None:
        self.store.start()
        self.store_away_s = round(time.monotonic() - self._store_stopped_at, 1)
        self._store_stopped_at = 0.0
        self.tell(f"store back after {self.store_away_s:.0f} s")

    def _restart_asterisk(self) -> None:
        _kill(self.node, "asterisk")
        self.tell("Asterisk killed")
        self.node.start_one("asterisk")
        self.node.wait_for("asterisk")
        self.restarts += 1
        self.tell("Asterisk is back")


def _kill(node: Node, name: str) -> None:
    node.processes[name].signal(SIGKILL)
    node.processes[name].child.wait()
