"""`l110 worker`: due work goes out. Any number may run, on any machine that reaches the store."""

import os
import secrets
import signal
import threading
from collections.abc import Callable
from datetime import UTC, datetime

import structlog
from sqlalchemy import Engine

from config.settings import Settings
from db.notice_messages import queue_notices
from dispatch.jobs import Job, Run
from dispatch.supervision import notices, provisional_deadlines
from dispatch.worker import Worker
from scripts.call_backs import call_back_due
from scripts.deadlines import deadline_rules
from scripts.keeper.patience import patience_s
from scripts.logs import set_up_logs
from scripts.metrics.pages import Beat, PagesThread, metric_pages
from scripts.metrics.worker import WorkerMetrics, worker_registry
from scripts.sd_notify import Notifier
from scripts.sending import send_due
from scripts.store import await_store
from tickets.deadline_rules import DeadlineRules

log = structlog.get_logger(__name__)

CALL_BACKS_EVERY_S = 5.0
SUPERVISION_EVERY_S = 60.0
DEADLINES_EVERY_S = 3600.0


def main(settings: Settings) -> None:
    """Run until SIGTERM or SIGINT, and then until each job has ended its turn."""
    set_up_logs(settings.log.level, "worker")
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    patient_s = patience_s(settings)["worker"]
    beat, notifier, metrics = Beat(patient_s), Notifier(os.environ), WorkerMetrics()
    pages = PagesThread(
        {"/healthz": beat.healthz, **metric_pages(worker_registry(metrics))},
        settings.health_host,
        settings.health.worker_port,
    )
    pages.start()
    notifier.ready()
    name = own_name(settings)
    log.info("worker.started", name=name)

    def alive() -> None:
        """A turn that never ends is told by saying nothing: then we are killed and begin anew."""
        if metrics.worker is None or metrics.worker.longest_turn_s() < patient_s:
            beat.now()
            notifier.alive()

    try:
        engine = await_store(settings.store_url, stop, alive=alive, name=f"l110-worker-{name}")
        if engine is not None:
            jobs = jobs_for(settings, name, stop)
            metrics.serve(Worker(engine, jobs, stop, lambda: datetime.now(UTC)), engine)
            metrics.running.run(alive)
    finally:
        pages.stop()
    log.info("worker.stopped", name=name)


def own_name(settings: Settings) -> str:
    """In claims: of this process alone, also where two containers have the same process ids."""
    return f"{settings.node}-{os.getpid()}-{secrets.token_hex(3)}"


def jobs_for(settings: Settings, name: str, stop: threading.Event) -> list[Job]:
    return [
        Job("send", settings.sending.every_s, send_due(settings, name, stop.is_set)),
        Job("call-backs", CALL_BACKS_EVERY_S, call_back_due(settings)),
        Job("supervision", SUPERVISION_EVERY_S, _with_rules(settings, _notices)),
        Job("deadlines", DEADLINES_EVERY_S, _with_rules(settings, provisional_deadlines)),
    ]


def _notices(rules: DeadlineRules) -> Run:
    return notices(rules, queue_notices)


def _with_rules(settings: Settings, job: Callable[[DeadlineRules], Run]) -> Run:
    """The file is read at each turn: what an admin changes counts from then on, and a file that
    may not go live fails this job alone."""
    return lambda engine, now: job(deadline_rules(settings))(engine, now)


def run_once(settings: Settings, engine: Engine) -> int:
    """Each job one turn, in the foreground; how much they did."""
    jobs = jobs_for(settings, own_name(settings), threading.Event())
    return Worker(engine, jobs, threading.Event(), lambda: datetime.now(UTC)).run_once()
