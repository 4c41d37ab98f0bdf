"""`l110 worker`: due work goes out. Any number may run, on any machine that reaches the store."""

import os
import secrets
import signal
import threading
from datetime import UTC, datetime

import structlog
from sqlalchemy import Engine

from config.settings import Settings
from dispatch.jobs import Job, jobs_of
from dispatch.worker import Worker
from scripts.keeper.patience import patience_s
from scripts.logs import set_up_logs
from scripts.metrics.pages import Beat, PagesThread, metric_pages
from scripts.metrics.worker import WorkerMetrics, worker_registry
from scripts.sd_notify import Notifier
from scripts.sending import send_due
from scripts.store import await_store

log = structlog.get_logger(__name__)


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
    return jobs_of(
        send=send_due(settings, name, stop.is_set),
        send_every_s=settings.sending.every_s,
    )


def run_once(settings: Settings, engine: Engine) -> int:
    """Each job one turn, in the foreground; how much they did."""
    jobs = jobs_for(settings, own_name(settings), threading.Event())
    return Worker(engine, jobs, threading.Event(), lambda: datetime.now(UTC)).run_once()
