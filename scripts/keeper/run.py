"""`l110 keep`: ends what runs and is frozen, so that its supervisor starts it anew.

What is dead the supervisor sees by itself; what is frozen it takes for well. Under systemd the
life signs are systemd's business, and only Asterisk, which gives none, is asked here.
"""

import os
import signal
import threading
import time
from contextlib import suppress

import structlog

from config.settings import Settings
from scripts.asterisk_home import Home
from scripts.cli import supervision
from scripts.keeper.console import Console, manager_answers
from scripts.keeper.inbox import Inbox
from scripts.keeper.patience import patience_s
from scripts.keeper.signs import Signs
from scripts.keeper.starts import Seen, Starts
from scripts.logs import set_up_logs
from scripts.metrics.keeper import KeeperFigures
from scripts.metrics.pages import Beat, PagesThread, metric_pages
from scripts.sd_notify import Notifier
from scripts.watch import told

LOOK_EVERY_S = 0.25
SUPERVISOR_EVERY_S = 0.5
SUPERVISOR_WITHIN_S = 2.0
TELL_EVERY_S = 1.0
HEALTHY_S = 5.0
LATE_S = 1.0  # a look that comes so late was held up itself: it accuses nobody

log = structlog.get_logger(__name__)


def main(settings: Settings, *, systemd: bool) -> None:
    """Run until SIGTERM or SIGINT."""
    set_up_logs(settings.log.level, "keep")
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    keeper = Keeper(settings, systemd=systemd)
    log.info("keeper.started", node=settings.node, systemd=systemd)
    try:
        keeper.run(stop)
    finally:
        keeper.close()
    log.info("keeper.stopped")


class Keeper:
    def __init__(self, settings: Settings, *, systemd: bool) -> None:
        self._settings = settings
        self._inbox = None if systemd else Inbox(supervision.notify_path(settings))
        self._signs = Signs(patience_s(settings))
        self._starts = Starts()
        self._console = Console(Home(settings.asterisk_dir).run / "asterisk.ctl")
        self._running: dict[str, int] = {}
        self._ended: dict[str, int] = {}
        self._notifier = Notifier(os.environ)
        self._figures, self._beat = KeeperFigures(), Beat(HEALTHY_S)
        self._pages = PagesThread(
            {"/healthz": self._beat.healthz, **metric_pages(self._figures.registry)},
            settings.health_host,
            settings.health.keep_port,
        )
        self._asked_at = self._told_at = 0.0
        self._supervisor_silent = False

    def run(self, stop: threading.Event) -> None:
        self._console.start()
        self._pages.start()
        self._notifier.ready()
        before = time.monotonic()
        while not stop.wait(LOOK_EVERY_S):
            now_s = time.monotonic()
            if now_s - before > LOOK_EVERY_S + LATE_S:
                log.warning("keeper.late", by_s=round(now_s - before, 1))
                self._signs.forgive(now_s)
                self._console.forgive(now_s)
            self._look(now_s)
            self._notifier.alive()
            self._beat.now()
            self._figures.looks.inc()
            before = now_s

    def close(self) -> None:
        self._console.stop()
        self._pages.stop()
        if self._inbox:
            self._inbox.close()
        told.keeper_path_of(self._settings).unlink(missing_ok=True)

    def _look(self, now_s: float) -> None:
        if self._inbox:
            for pid in self._inbox.spoke():
                self._signs.spoke(pid, now_s)
            self._look_at_supervisor(now_s)
            for name, pid, silent_s in self._signs.silent(self._running, now_s):
                self._end(name, pid, silent_s)
        self._look_at_asterisk(now_s)
        if now_s - self._told_at >= TELL_EVERY_S:
            self._told_at = now_s
            self._tell(now_s)

    def _look_at_supervisor(self, now_s: float) -> None:
        if now_s - self._asked_at < SUPERVISOR_EVERY_S:
            return
        self._asked_at = now_s
        try:
            found = supervision.processes(self._settings, SUPERVISOR_WITHIN_S)
            seen = [Seen(one.name, one.state, one.pid) for one in found]
            for name in self._starts.look(seen, now_s):
                self._figures.restarted(name)
                log.warning("process.restarted", name=name, why=self._starts.why[name])
            for name in self._starts.due(now_s):
                log.error("process.given_up", name=name, does="tried again now, and so on")
                supervision.start_again(self._settings, name, SUPERVISOR_WITHIN_S)
        except supervision.SupervisorAway:
            self._running = {}  # without it nobody starts again what we end
            self._supervisor_silent = True
            return
        self._supervisor_silent = False
        self._running = {one.name: one.pid for one in seen if one.pid is not None}
        runs = {one.name: one.pid is not None for one in seen}
        self._figures.seen(runs, self._starts.failing(now_s))

    def _look_at_asterisk(self, now_s: float) -> None:
        most_s = self._settings.supervisor.asterisk_silent_s
        found = self._console.silent(now_s)
        if found is None or not most_s or found[1] <= most_s:
            return
        pid, silent_s = found
        if manager_answers(self._settings.ami.host, self._settings.ami.port):
            log.warning("asterisk.console_silent", pid=pid, does="nothing: its manager answers")
            self._console.forgive(now_s)
            return
        if self._inbox is None or self._running.get("asterisk") == pid:
            self._end("asterisk", pid, silent_s)

    def _end(self, name: str, pid: int, silent_s: float) -> None:
        """Once for each process: what cannot be ended now is not ended by a second try."""
        if self._ended.get(name) == pid:
            return
        self._ended[name] = pid
        self._starts.why[name] = f"frozen for {silent_s:.0f} s and killed"
        try:
            os.kill(pid, signal.SIGKILL)
        except OSError as fault:
            log.error("process.frozen", name=name, pid=pid, not_ended=str(fault))
            return
        self._figures.killed(name)
        log.error("process.frozen", name=name, pid=pid, silent_s=round(silent_s, 1), ended="KILL")

    def _tell(self, now_s: float) -> None:
        facts = {
            "supervisor_silent": self._supervisor_silent,
            "restarted": dict(self._starts.restarted()),
            "failing": dict(self._starts.failing(now_s)),
        }
        with suppress(OSError):
            told.tell(told.keeper_path_of(self._settings), facts)
