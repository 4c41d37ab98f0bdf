"""The alarm for a caller whom the switch took and did not bring back."""

import threading
from datetime import UTC, datetime, timedelta

import structlog
from sqlalchemy import Engine
from sqlalchemy.exc import SQLAlchemyError

from db.engine import reading
from reports.unreturned import unreturned_calls

log = structlog.get_logger(__name__)

LOOK_EVERY_S = 1.0
GIVEN_S = 5.0  # a switch that has the call needs no more than this to bring it back
LOOK_BACK_S = 600.0


class UnreturnedWatch:
    """Says once for each call that its caller was released and never came. Runs in a thread."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._told: set[str] = set()

    def run(self, stop: threading.Event) -> None:
        while not stop.wait(LOOK_EVERY_S):
            try:
                self.look(datetime.now(UTC))
            except SQLAlchemyError:
                continue  # the forwarder says that the store is away

    def look(self, now: datetime) -> None:
        since, until = now - timedelta(seconds=LOOK_BACK_S), now - timedelta(seconds=GIVEN_S)
        with reading(self._engine) as session:
            ids = [row.call_id for row in unreturned_calls(session, since, until)]
        for call_id in ids:
            if call_id not in self._told:
                log.error("call.never_returned", call_id=call_id, mend="ticket to call back")
        self._told = set(ids)
