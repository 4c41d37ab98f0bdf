"""Feeds into the store: read, apply, COMMIT, and only then tell the feed to forget."""

import sqlite3
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Protocol, TypeVar

import structlog
from sqlalchemy import Engine
from sqlalchemy.exc import (
    DBAPIError,
    InterfaceError,
    InternalError,
    OperationalError,
    SQLAlchemyError,
    TimeoutError,
)

from db.engine import reading, store_name, writing
from db.feeds import (
    Place,
    StoredPlace,
    Unreadable,
    feed_position,
    put_in_quarantine,
    store_position,
)
from db.journal_file import JournalTooNew
from db.predecessors import end_predecessors
from db.step_codec import step_to_json
from db.store import apply_steps
from routing.steps import Step

log = structlog.get_logger(__name__)

# The store is away, slow or busy; anything else is the fault of a step. InternalError: a
# transaction that PostgreSQL has given up already.
STORE_AWAY = (OperationalError, InterfaceError, InternalError, TimeoutError)
STEP_REFUSED = (SQLAlchemyError, ValueError, TypeError, KeyError, ArithmeticError)
# A journal that this release must not touch holds up no other feed.
FEED_UNREADABLE = (OSError, sqlite3.Error, JournalTooNew)
SMALLEST_BATCH = 10


class Batch(Protocol):
    """`position` is None where the feed brought nothing."""

    @property
    def steps(self) -> Sequence[Step]: ...
    @property
    def bad(self) -> Sequence[Unreadable]: ...
    @property
    def position(self) -> Place | None: ...


B = TypeVar("B", bound=Batch)


class Feed(Protocol[B]):
    """Reads again what was not committed; FEED_UNREADABLE means: not now."""

    name: str

    def seek(self, position: StoredPlace | None) -> None: ...
    def next_batch(self, limit: int) -> B: ...
    def committed(self, batch: B) -> None: ...


class Onlooker(Protocol):
    """For figures. What it raises is logged, and nothing else."""

    def stored(self, steps: Sequence[Step], took_s: float) -> None:
        """After the COMMIT of these steps."""

    def store_failed(self) -> None:
        """A round ended without a COMMIT."""


class _Nobody:
    def stored(self, steps: Sequence[Step], took_s: float) -> None: ...
    def store_failed(self) -> None: ...


@dataclass(frozen=True, slots=True)
class _BadStep:
    offset: int
    raw: bytes
    problem: str


class Forwarder:
    """One per node. `stored` and `quarantined` count since the start."""

    def __init__(
        self,
        feeds: Sequence[Feed[Any]],
        engine: Engine,
        *,
        limit: int = 500,
        idle_s: float = 1.0,
        backoff_s: tuple[float, float] = (0.2, 5.0),
        onlooker: Onlooker | None = None,
    ) -> None:
        self.stored = 0
        self.quarantined = 0
        self.store_up = True
        self._feeds = list(feeds)
        self._engine = engine
        self._limit = self._most = limit
        self._idle_s = idle_s
        self._backoff_s = backoff_s
        self._onlooker = onlooker or _Nobody()
        self._placed: set[str] = set()
        self._unreadable: set[str] = set()
        self._behind = False

    def run(self, stop: threading.Event, alive: Callable[[], None] = lambda: None) -> None:
        """Until `stop`: no fault of the store, a feed or a step ends it. `alive` at each round."""
        wait_s = self._backoff_s[0]
        while not stop.is_set():
            alive()
            try:
                self._end_what_is_left()
                moved = self._round()
            except Exception as fault:
                self._store_down(fault)
                # What a statement timeout cut short may be too much at once.
                self._limit = max(SMALLEST_BATCH, self._limit // 2)
                stop.wait(wait_s)
                wait_s = min(wait_s * 2, self._backoff_s[1])
                continue
            wait_s, self._limit = self._backoff_s[0], self._most
            # What comes in a moment is stored together: a call is folded once, not at each step.
            if not moved or not self._behind:
                stop.wait(self._idle_s)

    def drain(self) -> int:
        """Forward until the feeds are empty; the number of steps.

        Raises:
            SQLAlchemyError: the store is away.
        """
        before = self.stored
        while self._round():
            pass
        return self.stored - before

    def _round(self) -> bool:
        """Whether any feed brought anything. All feeds go into one transaction: a call's steps
        come by both, and it is folded once."""
        read = [(feed, batch) for feed in self._feeds if (batch := self._next(feed))]
        self._behind = any(len(batch.steps) + len(batch.bad) >= self._limit for _, batch in read)
        if not read:
            return False
        try:
            self._store({feed.name: batch for feed, batch in read})
        except STORE_AWAY:
            raise
        except STEP_REFUSED as fault:
            if _is_the_stores(fault):
                raise
            log.error("feed.batch_refused", problem=_brief(fault))
            for feed, batch in read:
                self._store_one_by_one(feed.name, batch)
        self._store_answered()
        committed = [self._commit_feed(feed, batch) for feed, batch in read]
        return any(committed)

    def _next(self, feed: Feed[Any]) -> Batch | None:
        """What a feed has; None where it has nothing or cannot be read."""
        self._place(feed)
        batch = self._read(feed)
        return batch if batch is not None and batch.position is not None else None

    def _place(self, feed: Feed[Any]) -> None:
        """Where the feed was stored up to, asked once."""
        if feed.name not in self._placed:
            with reading(self._engine) as session:
                feed.seek(feed_position(session, feed.name))
            self._placed.add(feed.name)
            self._store_answered()

    def _read(self, feed: Feed[Any]) -> Batch | None:
        try:
            batch: Batch = feed.next_batch(self._limit)
        except FEED_UNREADABLE as fault:
            self._feed_fault(feed, fault)
            return None
        if feed.name in self._unreadable:
            self._unreadable.discard(feed.name)
            log.warning("feed.readable", feed=feed.name)
        return batch

    def _commit_feed(self, feed: Feed[Any], batch: Batch) -> bool:
        """False where the feed cannot forget now: it brings the same again, which is harmless."""
        try:
            feed.committed(batch)
        except FEED_UNREADABLE as fault:
            self._feed_fault(feed, fault)
            return False
        self.stored += len(batch.steps)
        return True

    def _store(self, batches: Mapping[str, Batch]) -> None:
        began = time.monotonic()
        steps = [step for batch in batches.values() for step in batch.steps]
        with writing(self._engine) as session:
            apply_steps(session, steps)
            for name, batch in batches.items():
                put_in_quarantine(session, name, batch.bad, datetime.now(UTC))
                if batch.position:
                    store_position(session, name, batch.position)
        self._tell(steps, began)
        for name, batch in batches.items():
            if batch.bad:
                self.quarantined += len(batch.bad)
                log.error("feed.lines_quarantined", feed=name, lines=len(batch.bad))

    def _store_one_by_one(self, name: str, batch: Batch) -> None:
        """One step that nobody can store must not hold up all that come after it."""
        offset = batch.position.offset if batch.position else 0
        tried = [self._refusal(name, step, offset) for step in batch.steps]
        refused = [*batch.bad, *(refusal for refusal in tried if refusal)]
        with writing(self._engine) as session:
            put_in_quarantine(session, name, refused, datetime.now(UTC))
            if batch.position:
                store_position(session, name, batch.position)
        self.quarantined += len(refused)

    def _refusal(self, name: str, step: Step, offset: int) -> _BadStep | None:
        began = time.monotonic()
        try:
            with writing(self._engine) as session:
                apply_steps(session, [step])
        except STORE_AWAY:
            raise
        except STEP_REFUSED as fault:
            if _is_the_stores(fault):
                raise
            raw = step_to_json(step)
            about = {"feed": name, "call_id": step.call_id, "leg": step.leg}
            log.error("step.refused", **about, problem=_brief(fault), step=raw)
            return _BadStep(offset, raw.encode(), _brief(fault))
        self._tell([step], began)
        return None

    def _tell(self, steps: Sequence[Step], began_s: float) -> None:
        try:
            self._onlooker.stored(steps, time.monotonic() - began_s)
        except Exception:
            log.exception("figures.failed")

    def _feed_fault(self, feed: Feed[Any], fault: Exception) -> None:
        if feed.name not in self._unreadable:
            self._unreadable.add(feed.name)
            log.error("feed.unreadable", feed=feed.name, problem=_brief(fault))

    def _end_what_is_left(self) -> None:
        """After a fault: our own session may be there still, on a line that only we have lost."""
        if self.store_up:
            return
        if ended := end_predecessors(self._engine):
            log.warning("store.predecessors_ended", sessions=ended)

    def _store_down(self, fault: Exception) -> None:
        self._onlooker.store_failed()
        # It may come back as another one, which knows less: a standby, a restored backup.
        self._placed.clear()
        if self.store_up:
            self.store_up = False
            log.error("store.down", store=store_name(self._engine), problem=_brief(fault))

    def _store_answered(self) -> None:
        if not self.store_up:
            self.store_up = True
            log.warning("store.up", store=store_name(self._engine))


def _is_the_stores(fault: Exception) -> bool:
    """A right or a column that is missing is no fault of a step: it waits until that is mended.

    PostgreSQL's class 42: "syntax error or access rule violation".
    """
    code = getattr(fault.orig, "sqlstate", None) if isinstance(fault, DBAPIError) else None
    return (code or "").startswith("42")


def _brief(fault: Exception) -> str:
    """Without the statement's parameters: they hold callers' numbers."""
    inner = fault.orig if isinstance(fault, DBAPIError) else fault
    return f"{type(inner).__name__}: {inner}".splitlines()[0][:300]
