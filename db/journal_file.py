"""The journal's file: one SQLite database in WAL mode that every commit syncs to disk."""

import sqlite3
from pathlib import Path

VERSION = 1
RELEASE = "0.1"

TABLES = (
    "CREATE TABLE IF NOT EXISTS journal (version INTEGER NOT NULL, release TEXT NOT NULL)",
    "CREATE TABLE IF NOT EXISTS steps (seq INTEGER PRIMARY KEY AUTOINCREMENT, body TEXT NOT NULL)",
)


class JournalTooNew(RuntimeError):
    """The journal was written by a newer release than this one, named in `.release`."""

    def __init__(self, path: Path, version: int, release: str) -> None:
        super().__init__(
            f"{path}: written by release {release} (journal version {version}), this one reads"
            f" up to {VERSION}. Start release {release}, or let it forward the journal first."
        )
        self.release = release


def open_journal_file(path: Path, *, busy_timeout_s: float, synchronous: str) -> sqlite3.Connection:
    """Make the file if it is missing; transactions are begun by hand.

    Raises:
        JournalTooNew: a newer release wrote it.
        sqlite3.Error: the file cannot be made, opened or read.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    connection = sqlite3.connect(
        path, timeout=busy_timeout_s, isolation_level=None, check_same_thread=False
    )
    try:
        _prepare(connection, path, synchronous)
    except BaseException:
        connection.close()
        raise
    return connection


def _prepare(connection: sqlite3.Connection, path: Path, synchronous: str) -> None:
    connection.execute("PRAGMA journal_mode=WAL")
    connection.execute(f"PRAGMA synchronous={synchronous}")
    known = connection.execute("SELECT 1 FROM sqlite_master WHERE name = 'journal'").fetchone()
    if not known:
        _create(connection)
    refuse_newer(connection, path)


def refuse_newer(connection: sqlite3.Connection, path: Path) -> str:
    """The release that wrote it. Raises JournalTooNew, sqlite3.Error."""
    version, release = connection.execute("SELECT version, release FROM journal").fetchone()
    if version > VERSION:
        raise JournalTooNew(path, version, release)
    return str(release)


def _create(connection: sqlite3.Connection) -> None:
    connection.execute("BEGIN IMMEDIATE")
    for statement in TABLES:
        connection.execute(statement)
    if connection.execute("SELECT count(*) FROM journal").fetchone() == (0,):
        connection.execute("INSERT INTO journal VALUES (?, ?)", (VERSION, RELEASE))
    connection.execute("COMMIT")
