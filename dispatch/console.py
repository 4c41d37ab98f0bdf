"""To the worker's log, for a unit that is only tried out."""

import structlog

from dispatch.outgoing import Outgoing

log = structlog.get_logger(__name__)


def to_console(outgoing: Outgoing) -> None:
    """Without the body: a log is read by more people than a ticket."""
    log.info("dispatch.told", key=outgoing.key, unit=outgoing.unit)
