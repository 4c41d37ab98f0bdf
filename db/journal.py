"""The bridge's journal: steps go to the local disk before anybody calls them kept."""

import contextlib
import queue
import sqlite3
import threading
import time
from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import dataclass
from pathlib import Path
from typing import Self

import structlog

from db.journal_file import open_journal_file
from db.step_codec import step_to_json
from routing.steps import Step

log = structlog.get_logger(__name__)

IDLE_S = 1.0
IO_ERROR = sqlite3.SQLITE_IOERR


class JournalBroken(RuntimeError):
    """The step could not be kept on disk; it stands in the log as `journal.step_unkept`."""


@dataclass(frozen=True, slots=True)
class _Entry:
    body: str
    call_id: str | None
    kept: Future[None] | None


class Journal:
    """One writer thread; the call path only ever puts a step into a bounded queue.

    What comes within `window_s` of a first step is synced with it, in one commit: a crash loses
    at most that much. Whoever waits for his step ends the window.

    A full disk or a lock is waited out with the batch in hand. An I/O error (a failed sync
    among them) ends the journal until a restart: what the disk holds is no longer known.
    """

    def __init__(
        self,
        connection: sqlite3.Connection,
        node: str,
        *,
        room: int = 20_000,
        window_s: float = 0.1,
        batch: int = 1_000,
        retry_s: float = 0.2,
        on_commit: Callable[[int, float], None] = lambda steps, took_s: None,
    ) -> None:
        self.node = node
        self.unkept = 0
        self.healthy = True
        self._connection = connection
        self._queue: queue.Queue[_Entry | None] = queue.Queue(room)
        self._window_s = window_s
        self._batch = batch
        self._retry_s = retry_s
        self._on_commit = on_commit
        self._closing = threading.Event()
        self._hurry = threading.Event()
        self._broken = False
        self._writer = threading.Thread(target=self._run, name="journal", daemon=True)
        self._writer.start()

    @classmethod
    def open(
        cls,
        path: Path,
        node: str,
        *,
        busy_timeout_s: float = 2.0,
        room: int = 20_000,
        on_commit: Callable[[int, float], None] = lambda steps, took_s: None,
    ) -> Self:
        """`on_commit`: told of each commit, its steps and its seconds, by the writer's thread.

        Raises:
            JournalTooNew, sqlite3.Error.
        """
        connection = open_journal_file(path, busy_timeout_s=busy_timeout_s, synchronous="FULL")
        return cls(connection, node, room=room, on_commit=on_commit)

    def write(self, step: Step) -> None:
        """Never blocks and never raises: a call does not wait for its record."""
        self._put(_Entry(step_to_json(step), step.call_id, None))

    def write_and_wait(self, step: Step, timeout_s: float = 5.0) -> None:
        """Return once the step is on disk.

        Raises:
            JournalBroken: it is not, and stands in the log.
            TimeoutError: it is not yet.
        """
        kept: Future[None] = Future()
        self._put(_Entry(step_to_json(step), step.call_id, kept))
        self._hurry.set()
        kept.result(timeout_s)

    @property
    def queued(self) -> int:
        """Steps that wait for the writer."""
        return self._queue.qsize()

    @property
    def writes(self) -> bool:
        """Whether its writer lives; a disk that fails does not end it."""
        return self._writer.is_alive()

    def close(self) -> None:
        """Write what is queued and stop; a store that is stuck is not waited for."""
        self._closing.set()
        self._hurry.set()
        with contextlib.suppress(queue.Full):  # the writer sees the event at its next batch
            self._queue.put_nowait(None)
        self._writer.join()
        self._connection.close()
        # What slipped in between the last batch and the end of the writer.
        self._give_up(self._queued(self._queue.qsize()), "journal closed")

    def _put(self, entry: _Entry) -> None:
        if self._broken or self._closing.is_set():
            self._give_up([entry], "journal closed")
            return
        try:
            self._queue.put_nowait(entry)
        except queue.Full:
            self.healthy = False
            self._give_up([entry], "journal's queue is full")

    def _queued(self, limit: int) -> list[_Entry]:
        """What waits, without waiting for more."""
        entries: list[_Entry] = []
        with contextlib.suppress(queue.Empty):
            while len(entries) < limit:
                if entry := self._queue.get_nowait():
                    entries.append(entry)
        return entries

    def _run(self) -> None:
        while (batch := self._gather()) is not None:
            if batch:
                self._keep(batch)

    def _gather(self) -> list[_Entry] | None:
        """The next group: what came within the window of its first; None at the end.

        In the window the thread sleeps: being woken for each step would cost more than the step.
        """
        closing = self._closing.is_set()
        try:
            first = self._queue.get(timeout=0 if closing else IDLE_S)
        except queue.Empty:
            return None if closing else []
        if not closing:
            self._hurry.wait(self._window_s)
            self._hurry.clear()
        return ([first] if first else []) + self._queued(self._batch - 1)

    def _keep(self, batch: list[_Entry]) -> None:
        while not self._broken:
            began = time.monotonic()
            try:
                self._commit(batch)
            except sqlite3.Error as fault:
                self._on_fault(fault, batch)
                if self._closing.wait(self._retry_s) and not self._broken:
                    break
            else:
                self._on_kept(batch)
                self._on_commit(len(batch), time.monotonic() - began)
                return
        self._give_up(batch, "journal's disk failed")

    def _commit(self, batch: list[_Entry]) -> None:
        self._connection.execute("BEGIN IMMEDIATE")
        try:
            rows = [(entry.body,) for entry in batch]
            self._connection.executemany("INSERT INTO steps (body) VALUES (?)", rows)
            self._connection.execute("COMMIT")
        except sqlite3.Error:
            if self._connection.in_transaction:
                self._connection.execute("ROLLBACK")
            raise

    def _on_fault(self, fault: sqlite3.Error, batch: list[_Entry]) -> None:
        self._broken = getattr(fault, "sqlite_errorcode", 0) & 0xFF == IO_ERROR
        if self.healthy or self._broken:
            log.error("journal.failed", problem=str(fault), waiting=len(batch), final=self._broken)
        self.healthy = False

    def _on_kept(self, batch: list[_Entry]) -> None:
        if not self.healthy:
            log.warning("journal.recovered", unkept=self.unkept)
            self.healthy = True
        for entry in batch:
            if entry.kept:
                entry.kept.set_result(None)

    def _give_up(self, batch: list[_Entry], why: str) -> None:
        """The last resort: the step as JSON in the log, from where it can be replayed by hand."""
        self.unkept += len(batch)
        for entry in batch:
            log.error("journal.step_unkept", why=why, call_id=entry.call_id, step=entry.body)
            if entry.kept:
                entry.kept.set_exception(JournalBroken(why))
