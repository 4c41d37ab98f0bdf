"""Logging, set up once for every process: one JSON object a line on standard output."""

import logging

import structlog
from structlog.typing import EventDict, Processor


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
        cache_logger_on_first_use=True,
    )


def _said_by(process: str) -> Processor:
    """No context variable: a thread begins without any, and its lines would lack the name."""

    def name(_: object, __: str, event: EventDict) -> EventDict:
        event["process"] = process
        return event

    return name
