"""What the bridge says of itself: /healthz, /readyz, /metrics, and its life sign to systemd."""

import asyncio
import json
import os
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime

import structlog

from db.journal import Journal
from ivr.server import AgiServer
from routing.steps import Step, StepKind
from scripts.asterisk_home import SOUNDS
from scripts.clock_watch import ClockWatch
from scripts.http_page import JSON, Page, PageServer
from scripts.live_rules import LiveRules
from scripts.metrics.bridge import BridgeFigures, bridge_registry
from scripts.metrics.pages import metric_pages
from scripts.prompts import wanted
from scripts.sd_notify import Notifier

LAG_MOST_S = 1.0  # a loop that is later than this holds callers
LOOK_EVERY_S = 0.5
PROMPTS_EVERY_S = 30.0
# A new start may mend a journal that has ended, and costs every caller in the menu his choice.
JOURNAL_ENDED_S = 60.0

log = structlog.get_logger(__name__)


def missing_prompts() -> tuple[str, ...]:
    """language/name of each prompt that has no sound."""
    return tuple(
        f"{p.language}/{p.name}"
        for p in wanted()
        if not (SOUNDS / p.language / "l110" / f"{p.name}.wav").exists()
    )


@dataclass(slots=True)
class BridgeHealth:
    """Only reads; a page costs the loop less than a millisecond or is made in a thread."""

    node: str
    journal: Journal
    rules: LiveRules
    server: AgiServer
    figures: BridgeFigures = field(default_factory=BridgeFigures)
    clock: ClockWatch = field(default_factory=ClockWatch)
    prompts: Callable[[], tuple[str, ...]] = missing_prompts
    notifier: Notifier = field(default_factory=lambda: Notifier(os.environ))
    lag_s: float = 0.0
    prompts_missing: tuple[str, ...] = ()
    _prompts_at: float = 0.0
    _wrote_at: float = field(default_factory=time.monotonic)

    def pages(self) -> PageServer:
        metrics = metric_pages(bridge_registry(self.figures, self))
        return PageServer({"/healthz": self._healthz, "/readyz": self._readyz, **metrics})

    def ailing(self) -> list[str]:
        """Why systemd should start this process anew: only what a new start mends."""
        found = {
            "nobody listens for calls": not self.server.listens,
            "the journal's writer has ended": self._unwritten_s() > JOURNAL_ENDED_S,
            "the event loop is late": self.lag_s > LAG_MOST_S,
        }
        return [problem for problem, holds in found.items() if holds]

    def _unwritten_s(self) -> float:
        if self.journal.writes:
            self._wrote_at = time.monotonic()
        return time.monotonic() - self._wrote_at

    def facts(self) -> dict[str, object]:
        return {
            "node": self.node,
            "rules": self.rules.state,
            "rules_version": self.rules.current.version,
            "journal": self.journal.healthy,
            "journal_unkept": self.journal.unkept,
            "pid": os.getpid(),
            "prompts_missing": list(self.prompts_missing),
            "clock_stepped_s": self.clock.stepped_s,
            "ailing": self.ailing(),
        }

    def ready(self) -> bool:
        good = self.rules.state != "none" and self.journal.healthy
        return good and not self.prompts_missing and not self.ailing()

    def refresh(self) -> None:
        """What needs the disk; call it from a thread, as often as you like."""
        if time.monotonic() >= self._prompts_at:
            self._prompts_at = time.monotonic() + PROMPTS_EVERY_S
            self.prompts_missing = self.prompts()

    async def keep(self) -> None:
        """Until cancelled: look at the clock and at this loop, and say that it lives."""
        said = 0.0
        while True:
            before = time.monotonic()
            await asyncio.sleep(LOOK_EVERY_S)
            now = time.monotonic()
            self.lag_s = max(0.0, now - before - LOOK_EVERY_S)
            self._look_at_clock()
            every_s = self.notifier.every_s
            if every_s is not None and now - said >= min(every_s, 1.0) and not self.ailing():
                self.notifier.alive()
                said = now

    def _look_at_clock(self) -> None:
        step_s = self.clock.look()
        if step_s is None:
            return
        log.error("clock.stepped", by_s=round(step_s, 3), effect="guard and figures run on it")
        self.journal.write(clock_step(self.node, step_s))

    async def _healthz(self) -> Page:
        return Page("ok\n")

    async def _readyz(self) -> Page:
        status = "200 OK" if self.ready() else "503 Service Unavailable"
        return Page(json.dumps(self.facts(), ensure_ascii=False) + "\n", status, JSON)


def clock_step(node: str, by_s: float) -> Step:
    """The record that this node's clock was stepped: times around it are not to be compared."""
    now = datetime.now(UTC)
    event_id = f"{node}/clock/{time.time_ns()}"
    return Step(event_id, StepKind.CLOCK, node, "", None, now, {"by_s": round(by_s, 3)})
