"""`l110 forward`: carries the CEL feed and the journal of one node into the store."""

import signal
import threading

import structlog

from config.settings import Settings
from db.engine import make_engine
from db.forwarder import Forwarder
from db.journal_feed import JournalFeed
from ivr.cel_feed import CelFeed
from scripts.logs import set_up_logs

log = structlog.get_logger(__name__)


def main(settings: Settings) -> None:
    """Run until SIGTERM or SIGINT. Its SQL never shares an interpreter with verdicts."""
    set_up_logs(settings.log.level, "forward")
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    cel = CelFeed(settings.cel_path, settings.node, trunk_prefix=f"PJSIP/{settings.trunk.name}-")
    journal = JournalFeed(settings.journal_path, settings.node)
    forwarder = Forwarder([cel, journal], make_engine(settings.store_url))
    log.info("forwarder.started", node=settings.node)
    forwarder.run(stop)
    log.info("forwarder.stopped", stored=forwarder.stored)
