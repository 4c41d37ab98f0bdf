"""`l110 watch`: looks at the whole node, decides what is wrong, and says so.

A process of its own: whoever watches must not die or freeze with what he watches.
"""

import asyncio
import json
import os
import signal
import time
from contextlib import suppress
from dataclasses import asdict
from datetime import UTC, datetime

import structlog

from config.settings import Settings
from ivr.ami_errors import AmiError
from ivr.health import CallFacts, Facts, Life, Limits, judge
from scripts.asterisk_home import Home
from scripts.http_page import JSON, Page, PageServer
from scripts.logs import set_up_logs
from scripts.metrics.pages import metric_pages, new_registry
from scripts.sd_notify import Notifier
from scripts.watch import told
from scripts.watch.asterisk import Eye, Seen
from scripts.watch.ban import Ban
from scripts.watch.board import Board
from scripts.watch.bridge import look_at_bridge
from scripts.watch.channels import Sides, in_talks, stuck_in_agi
from scripts.watch.keeper import look_at_keeper
from scripts.watch.metrics import WatchMetrics
from scripts.watch.records import StoreEye, look_at_records
from scripts.watch.scans import Scans
from scripts.watch.seats import PausedSeats, police_away
from scripts.watch.security import AT_MANAGER, Guesses, SecurityLog
from scripts.watch.selftest import SelfTest
from scripts.watch.sip import SipEye
from scripts.watch.unkept import UnkeptSteps

SIDES_EVERY_S = 3.0

log = structlog.get_logger(__name__)


def main(settings: Settings) -> None:
    set_up_logs(settings.log.level, "watch")
    asyncio.run(Watch(settings).run())


class Watch:
    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.eye = Eye(settings)
        self.selftest = SelfTest(settings, self.eye)
        self.sip = SipEye(settings)
        self.board = Board()
        self.facts = Facts()
        self.seen = Seen(Life.DOWN)
        self.looks, self.look_s = 0, 0.0
        self._store = StoreEye(settings)
        self._sides = Sides(settings.health.silent_after_s)
        self._seats = PausedSeats(self.eye, settings.queues.pause_most_s)
        self._unkept = UnkeptSteps()
        self._asked_at = 0.0
        self._security = SecurityLog(Home(settings.asterisk_dir).log / "security")
        self._guesses = Guesses(settings.health.ban_after, AT_MANAGER)
        self.scans = Scans(settings)
        self._ban = Ban(Home(settings.asterisk_dir))
        self._limits = Limits(
            disk_percent=settings.health.disk_percent,
            messages_late_s=settings.sending.late_after_s,
        )
        self._notifier = Notifier(os.environ)

    async def run(self) -> None:
        """Until SIGTERM or SIGINT."""
        stopping = asyncio.Event()
        for number in (signal.SIGTERM, signal.SIGINT):
            asyncio.get_running_loop().add_signal_handler(number, stopping.set)
        pages = self._pages()
        await pages.start(self.settings.health_host, self.settings.health.watch_port)
        self.eye.start()
        self._store.start()
        asking = [asyncio.create_task(eye.keep()) for eye in (self.selftest, self.sip)]
        log.info("watch.started", node=self.settings.node)
        self._notifier.ready()
        while not stopping.is_set():
            await self.look()
            with suppress(TimeoutError):
                await asyncio.wait_for(stopping.wait(), self.settings.health.look_every_s)
        self._notifier.stopping()
        for task in asking:
            task.cancel()
        self._store.stop()
        await self.eye.close()
        await pages.stop()
        told.path_of(self.settings).unlink(missing_ok=True)  # a node that is down has no alarms
        log.info("watch.stopped")

    async def look(self) -> None:
        """One look at everything; each part of it is bounded in time."""
        began = time.monotonic()
        seen, bridge = await asyncio.gather(self.eye.look(), look_at_bridge(self.settings))
        calls = await self._calls(seen)
        records = await asyncio.to_thread(
            look_at_records, self.settings, self._store, tuple(self.selftest.marks)
        )
        strangers, ours = await asyncio.to_thread(self.scans.look)
        up = seen.life is Life.UP and not seen.refused
        if up:
            with suppress(AmiError):
                await self._seats.look(seen.queues)
        self.seen = seen
        self.facts = Facts(
            asterisk=seen.life,
            manager_refused=seen.refused,
            manager_guesses=await self._guessed(),
            sip_silent=self.sip.problem if up else None,
            sip_scanners=strangers,
            sip_guessers=ours,
            selftest=self.selftest.problem if up else None,
            left_out=seen.left_out,
            steps_unkept=self._unkept.look(bridge, time.monotonic()),
            seats_paused=self._seats.paused,
            police_away=police_away(seen.queues, self.settings) if up else (),
            bridge=bridge,
            calls=calls,
            records=records,
            keeper=look_at_keeper(self.settings),
        )
        self.board.update(judge(self.facts, self._limits), time.monotonic())
        self._tell()
        self.looks, self.look_s = self.looks + 1, time.monotonic() - began
        self._notifier.alive()

    async def _calls(self, seen: Seen) -> CallFacts:
        now_s = time.monotonic()
        if now_s - self._asked_at >= SIDES_EVERY_S:
            self._asked_at = now_s
            with suppress(AmiError):
                sides = await self.eye.sides(seen.channels)
                self._sides.look(sides, in_talks(seen.channels), now_s)
        stuck = stuck_in_agi(seen.channels, self.settings.health.agi_longest_s)
        return CallFacts(stuck, self._sides.leaked, self._sides.silent)

    async def _guessed(self) -> tuple[str, ...]:
        lines = await asyncio.to_thread(self._security.new_lines)
        guessed = self._guesses.take(lines, time.monotonic())
        await asyncio.to_thread(self._ban.shut_out, guessed)
        return guessed

    def _tell(self) -> None:
        try:
            told.tell(told.path_of(self.settings), self.told())
        except OSError as error:
            log.error("watch.untold", error=str(error))

    def told(self) -> dict[str, object]:
        return {
            "node": self.settings.node,
            "at": datetime.now(UTC).isoformat(timespec="milliseconds"),
            "in_service": self.in_service,
            "alarms": [standing.to_json() for standing in self.board.in_order()],
            "facts": asdict(self.facts),
        }

    @property
    def lines(self) -> int:
        return self.settings.police.lines

    @property
    def in_service(self) -> bool:
        """Whether calls should come here: an Asterisk that answers, at its SIP port too.

        All else ends at the police.
        """
        return self.facts.asterisk is Life.UP and "sip-silent" not in self.board.raised

    def _pages(self) -> PageServer:
        metrics = metric_pages(new_registry(WatchMetrics(self)))
        return PageServer({"/healthz": self._healthz, "/readyz": self._readyz, **metrics})

    async def _healthz(self) -> Page:
        return Page("ok\n")

    async def _readyz(self) -> Page:
        status = "200 OK" if self.in_service else "503 Service Unavailable"
        return Page(json.dumps(self.told(), ensure_ascii=False) + "\n", status, JSON)
