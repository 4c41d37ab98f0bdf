"""`l110 forward`: carries the CEL feed and the journal of one node into the store."""

import os
import signal
import threading

import structlog

from config.settings import Settings
from db.forwarder import Forwarder
from db.journal_feed import JournalFeed
from ivr.cel_feed import CelFeed
from scripts.logs import set_up_logs
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
    journal = JournalFeed(settings.journal_path, settings.node)
    log.info("forwarder.started", node=settings.node)
    notifier = Notifier(os.environ)
    notifier.ready()
    engine = await_store(
        settings.store_url, stop, alive=notifier.alive, name=f"l110-forward-{settings.node}"
    )
    if engine is None:
        log.info("forwarder.stopped", stored=0)
        return
    forwarder = Forwarder([cel, journal], engine)
    watch = threading.Thread(target=UnreturnedWatch(engine).run, args=(stop,), daemon=True)
    watch.start()
    forwarder.run(stop, notifier.alive)
    log.info("forwarder.stopped", stored=forwarder.stored)
