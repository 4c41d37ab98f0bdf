"""The store as a process meets it at its start: made ready, away, or refusing for good."""

import threading
from collections.abc import Callable

import structlog
from sqlalchemy import Engine
from sqlalchemy.exc import ArgumentError, SQLAlchemyError

from db.engine import StoreUrlUnknown, make_engine, store_name
from db.predecessors import end_predecessors
from db.upgrade import UpgradeBlocked, current, newest, upgrade

log = structlog.get_logger(__name__)

BACKOFF_S = (0.5, 5.0)


class StoreAway(RuntimeError):
    """The store does not answer, or not as it should: it may be back, and nobody waits for it."""


class StoreRefused(RuntimeError):
    """Waiting mends nothing: the URL names no store, or a newer release made its tables."""


def ready_store(url: str, name: str = "") -> Engine:
    """An engine for a store whose tables are of this release; the caller disposes of it.

    `name`: whose it is. What an earlier process of that name has left open is ended.

    Raises:
        StoreAway, StoreRefused: the message names the store without its password.
    """
    try:
        engine = make_engine(url, name=name)
    except (StoreUrlUnknown, ArgumentError) as fault:
        raise StoreRefused(f"database_url: {first_line(fault)}") from None
    except OSError as fault:  # the folder of a SQLite file cannot be made
        raise StoreAway(first_line(fault)) from fault
    try:
        if ended := end_predecessors(engine):
            log.warning("store.predecessors_ended", sessions=ended)
        if current(engine) != newest():  # a look costs no lock
            upgrade(engine)
    except Exception as fault:
        engine.dispose()
        raise _said(store_name(engine), fault) from fault
    return engine


def _said(name: str, fault: Exception) -> StoreAway | StoreRefused:
    cause = fault.__cause__ if isinstance(fault, UpgradeBlocked) else None
    kind = StoreAway if isinstance(fault, (SQLAlchemyError, UpgradeBlocked)) else StoreRefused
    return kind(f"{name}: {first_line(cause or fault)}")


def first_line(fault: BaseException) -> str:
    """Of what the driver says: the statement and its parameters are nobody's business."""
    inner = getattr(fault, "orig", None) or fault
    return (str(inner).splitlines() or [type(inner).__name__])[0]


def await_store(
    url: str,
    stop: threading.Event,
    backoff_s: tuple[float, float] = BACKOFF_S,
    alive: Callable[[], None] = lambda: None,
    name: str = "",
) -> Engine | None:
    """Try until the store is ready; one line of log for each change. None: stopped before.

    `alive` is called before each try.
    """
    told = ""
    wait_s = backoff_s[0]
    while not stop.is_set():
        alive()
        try:
            engine = ready_store(url, name)
        except (StoreAway, StoreRefused) as fault:
            event = "store.down" if isinstance(fault, StoreAway) else "store.refused"
            if event != told:
                log.error(event, problem=str(fault))
            told = event
            stop.wait(wait_s)
            wait_s = min(wait_s * 2, backoff_s[1])
            continue
        if told:
            log.warning("store.up", store=store_name(engine))
        return engine
    return None
