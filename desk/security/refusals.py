"""Refusals go into the audit; a flood of strangers' does not fill it."""

import threading
import time
from collections.abc import Callable

import structlog
from sqlalchemy.exc import SQLAlchemyError

from db.audit_log import Entry
from desk.context import Desk

NOBODY = "-"
MOST_A_MINUTE = 120

log = structlog.get_logger(__name__)


class Refusals:
    """Those of people who are signed in are all audited. Of strangers' so many a minute; the
    others are counted in one line of the log."""

    def __init__(
        self,
        desk: Desk,
        most_a_minute: int = MOST_A_MINUTE,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._desk = desk
        self._most = most_a_minute
        self._monotonic = monotonic
        self._lock = threading.Lock()
        self._minute, self._count = 0, 0

    def note(self, by: str, action: str, subject: str, why: dict[str, object], at: str) -> None:
        """A store that is away keeps nobody from his answer: the log has it then."""
        if by == NOBODY and not self._has_room():
            return
        entry = Entry(by, action, subject, self._desk.now(), "refused", why, at)
        try:
            self._desk.audit_alone(entry)
        except SQLAlchemyError:
            log.error("refusal.not_audited", by=by, action=action, subject=subject, address=at)

    def _has_room(self) -> bool:
        with self._lock:
            minute = int(self._monotonic() // 60)
            if minute != self._minute:
                if self._count > self._most:
                    log.warning("refusals.of_strangers", not_audited=self._count - self._most)
                self._minute, self._count = minute, 0
            self._count += 1
            return self._count <= self._most
