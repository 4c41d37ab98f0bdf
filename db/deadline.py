"""A PostgreSQL connection that does not wait for ever on a server that is frozen.

The server's own statement_timeout is kept by the server, and a frozen one keeps nothing.
"""

import time
from collections.abc import Generator
from typing import Any, TypeVar

import psycopg
from psycopg.rows import TupleRow

T = TypeVar("T")
POLL_S = 0.1


class DeadlineConnection(psycopg.Connection[TupleRow]):
    """deadline_s: for one exchange with the server; over it the connection is closed."""

    deadline_s: float = 3.0

    def wait(
        self,
        gen: Generator[Any, Any, T],
        interval: float = POLL_S,
        timeout: float | None = None,
    ) -> T:
        """Raises psycopg.OperationalError at the deadline."""
        return super().wait(self._hurried(gen), interval, timeout)

    def _hurried(self, gen: Generator[Any, Any, T]) -> Generator[Any, Any, T]:
        until = time.monotonic() + self.deadline_s
        try:
            wanted = next(gen)
            while True:
                ready = yield wanted
                if not ready and time.monotonic() > until:
                    self.pgconn.finish()
                    raise psycopg.OperationalError(f"no answer within {self.deadline_s:g} s")
                wanted = gen.send(ready)
        except StopIteration as end:
            result: T = end.value
            return result
