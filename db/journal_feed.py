"""The journal as the forwarder sees it, from another process than the one that writes."""

import contextlib
import os
import sqlite3
from dataclasses import dataclass
from pathlib import Path

from db.journal_file import open_journal_file
from db.step_codec import StepUnreadable, step_from_json
from routing.steps import Step

BUSY_TIMEOUT_S = 2.0


@dataclass(frozen=True, slots=True)
class BadEntry:
    offset: int
    raw: bytes
    problem: str


@dataclass(frozen=True, slots=True)
class JournalPosition:
    """`inode` of the journal's file, `offset` the last seq that is stored."""

    inode: int
    offset: int
    head: str = ""


@dataclass(frozen=True, slots=True)
class JournalBatch:
    steps: list[Step]
    bad: list[BadEntry]
    position: JournalPosition | None


class JournalFeed:
    """Reads what is not forgotten; forgetting needs no sync, for a replay changes nothing."""

    def __init__(self, path: Path, node: str) -> None:
        self.name = f"journal/{node}"
        self._path = path
        self._connection: sqlite3.Connection | None = None
        self._inode = 0

    def read(self, limit: int) -> list[tuple[int, Step]]:
        """Oldest first. Raises StepUnreadable at an entry that is none of ours."""
        return [(seq, step_from_json(body)) for seq, body in self._rows(limit)]

    def forget(self, upto_seq: int) -> None:
        """Only after the store's COMMIT."""
        self._open().execute("DELETE FROM steps WHERE seq <= ?", (upto_seq,))

    def seek(self, position: object) -> None:
        """A journal knows by itself what is left to store."""

    def next_batch(self, limit: int) -> JournalBatch:
        steps: list[Step] = []
        bad: list[BadEntry] = []
        last = 0
        for seq, body in self._rows(limit):
            last = seq
            try:
                steps.append(step_from_json(body))
            except StepUnreadable as fault:
                bad.append(BadEntry(seq, body.encode("utf-8", "replace"), str(fault)))
        position = JournalPosition(os.stat(self._path).st_ino, last) if last else None
        return JournalBatch(steps, bad, position)

    def committed(self, batch: JournalBatch) -> None:
        if batch.position:
            self.forget(batch.position.offset)

    def waiting(self) -> int:
        """How many steps are not stored yet."""
        if not self._path.exists():
            return 0
        (count,) = self._open().execute("SELECT count(*) FROM steps").fetchone()
        return int(count)

    def close(self) -> None:
        if self._connection:
            self._connection.close()
            self._connection = None

    def _rows(self, limit: int) -> list[tuple[int, str]]:
        if not self._path.exists():
            return []
        query = "SELECT seq, body FROM steps ORDER BY seq LIMIT ?"
        return self._open().execute(query, (limit,)).fetchall()

    def _open(self) -> sqlite3.Connection:
        """Opened anew where the file was replaced under us."""
        inode = os.stat(self._path).st_ino
        if self._connection and inode != self._inode:
            with contextlib.suppress(sqlite3.Error):
                self.close()
        if self._connection is None:
            self._connection = open_journal_file(
                self._path, busy_timeout_s=BUSY_TIMEOUT_S, synchronous="NORMAL"
            )
            self._inode = inode
        return self._connection
