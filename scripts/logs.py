"""Logging, set up once for every process: one JSON object a line on standard output."""

import logging
import os
import select
import sys
from contextlib import suppress

import structlog
from structlog.typing import EventDict, Processor

WAIT_S = 1.0  # for a reader that is slow; less than the guard of a call
PIECE = select.PIPE_BUF  # what a pipe that can be written at all takes without a wait


class Out:
    """Standard output that neither breaks nor holds who writes: there are callers behind it.

    A supervisor reads it. Where that is gone a line is lost, and so is one for which a full disk
    has no room. Where it is frozen one line waits, then all are lost until it reads again.
    """

    def __init__(self, file: int) -> None:
        self._file = file
        self._asked = select.poll()
        self._asked.register(file, select.POLLOUT)
        self._stuck = False

    def write(self, text: str) -> None:
        data = text.encode("utf-8", "backslashreplace")
        with suppress(OSError):
            for start in range(0, len(data), PIECE):
                if not self._is_read():
                    return
                self._put(data[start : start + PIECE])

    def flush(self) -> None:
        """Nothing is kept back."""

    def _put(self, piece: bytes) -> None:
        while piece:
            piece = piece[os.write(self._file, piece) :]

    def _is_read(self) -> bool:
        found = self._asked.poll(0 if self._stuck else 1000 * WAIT_S)
        self._stuck = not found
        return bool(found)


def _output() -> Out | None:
    """None: whatever standard output is at that time, as where a test takes its place."""
    try:
        return Out(sys.stdout.fileno())
    except OSError:
        return None


def set_up_logs(level: str, process: str) -> None:
    """`process` stands in every line, so that the logs of all processes can be read together."""
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            _said_by(process),
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.format_exc_info,
            structlog.processors.JSONRenderer(ensure_ascii=False),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(logging.getLevelName(level.upper())),
        logger_factory=structlog.PrintLoggerFactory(file=_output()),  # type: ignore[arg-type]
        cache_logger_on_first_use=True,
    )


def _said_by(process: str) -> Processor:
    """No context variable: a thread begins without any, and its lines would lack the name."""

    def name(_: object, __: str, event: EventDict) -> EventDict:
        event["process"] = process
        return event

    return name
