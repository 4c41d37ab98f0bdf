"""`l110 forward`: carries the CEL feed and the journal of one node into the store."""

import os
import signal
import threading
from collections.abc import Callable

import structlog
from sqlalchemy import Engine

from config.settings import Settings
from db.forwarder import Forwarder
from db.journal_feed import JournalFeed
from ivr.cel_feed import CelFeed
from scripts.keeper.patience import patience_s
from scripts.logs import set_up_logs
from scripts.metrics.forward import ForwardFigures, ForwardMetrics, forward_registry
from scripts.metrics.pages import Beat, PagesThread, metric_pages
from scripts.sd_notify import Notifier
from scripts.store import await_store
from scripts.unreturned import UnreturnedWatch

log = structlog.get_logger(__name__)


def main(settings: Settings) -> None:
    """Run until SIGTERM or SIGINT. Its SQL never shares an interpreter with verdicts.

    Waits for the store and brings its tables to this release, so that a node starts without it.
    """
    set_up_logs(settings.log.level, "forward")
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    cel = CelFeed(
        settings.cel_path,
        settings.node,
        trunk_prefix=f"PJSIP/{settings.trunk.name}-",
        starts=settings.starts_path,
    )
    log.info("forwarder.started", node=settings.node)
    figures, metrics = ForwardFigures(settings.node), ForwardMetrics(settings, cel)
    beat = Beat(patience_s(settings)["forward"])
    pages = PagesThread(
        {"/healthz": beat.healthz, **metric_pages(forward_registry(figures, metrics))},
        settings.health_host,
        settings.health.forward_port,
    )
    pages.start()
    notifier = Notifier(os.environ)
    notifier.ready()

    def alive() -> None:
        beat.now()
        notifier.alive()

    try:
        engine = await_store(
            settings.store_url, stop, alive=alive, name=f"l110-forward-{settings.node}"
        )
        if engine is not None:
            journal = JournalFeed(settings.journal_path, settings.node)
            metrics.forwarder = Forwarder([cel, journal], engine, onlooker=figures)
            _forward(metrics.forwarder, engine, figures, stop, alive)
    finally:
        pages.stop()
    log.info("forwarder.stopped", stored=metrics.forwarder.stored if metrics.forwarder else 0)


def _forward(
    forwarder: Forwarder,
    engine: Engine,
    figures: ForwardFigures,
    stop: threading.Event,
    alive: Callable[[], None],
) -> None:
    watch = threading.Thread(target=UnreturnedWatch(engine).run, args=(stop,), daemon=True)
    counting = threading.Thread(target=figures.calls.run, args=(engine, stop), daemon=True)
    watch.start()
    counting.start()
    forwarder.run(stop, alive)
