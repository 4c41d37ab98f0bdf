"""Where the records are, as the watch sees it: disks, journal, CEL file, store."""

import os
import threading
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

from sqlalchemy.exc import SQLAlchemyError

from config.settings import Settings
from db.due_work import oldest_due_at
from db.engine import make_engine, reading
from db.messages import MESSAGES, count_by_state
from ivr.health import RecordFacts
from ivr.tail import generations
from reports.unreturned import unreturned_calls
from scripts.cli.backlog import cel_backlog, journal_backlog
from scripts.cli.health import look_at_store
from scripts.unreturned import GIVEN_S, LOOK_BACK_S

STORE_EVERY_S = 5.0
STORE_LATE_S = 20.0  # each of its questions has a deadline of its own; this is for what has none
MARK_WITHIN_S = 3.0
TAIL = 256 * 1024


@dataclass(slots=True)
class StoreFacts:
    problem: str | None = None
    cel_behind_bytes: int | None = None
    unreturned: tuple[str, ...] = ()
    messages_late_s: float | None = None
    dead_letters: int = 0
    looked_s: float = field(default_factory=time.monotonic)


class StoreEye(threading.Thread):
    """A thread of its own: a store that hangs must not keep anybody from looking elsewhere."""

    def __init__(self, settings: Settings) -> None:
        super().__init__(name="store-eye", daemon=True)
        self._settings = settings
        self._stop_now = threading.Event()
        self.seen = StoreFacts()

    def run(self) -> None:
        while True:
            self.seen = self._look()
            if self._stop_now.wait(STORE_EVERY_S):
                return

    def stop(self) -> None:
        self._stop_now.set()

    @property
    def problem(self) -> str | None:
        late_s = time.monotonic() - self.seen.looked_s
        return f"no answer for {late_s:.0f} s" if late_s > STORE_LATE_S else self.seen.problem

    def _look(self) -> StoreFacts:
        found = look_at_store(self._settings)
        if not found.is_up_to_date:
            return StoreFacts(found.problem or f"has {found.revision}, needs {found.needed}")
        try:
            behind, (lost, late_s, dead) = cel_backlog(self._settings), self._in_store()
        except SQLAlchemyError as error:
            return StoreFacts(type(error).__name__)
        return StoreFacts(None, behind, lost, late_s, dead)

    def _in_store(self) -> tuple[tuple[str, ...], float | None, int]:
        """Unreturned calls, how late the oldest message is, how many were given up."""
        now = datetime.now(UTC)
        since, until = now - timedelta(seconds=LOOK_BACK_S), now - timedelta(seconds=GIVEN_S)
        engine = make_engine(self._settings.store_url)
        try:
            with reading(engine) as session:
                lost = tuple(row.call_id for row in unreturned_calls(session, since, until))
                due_at = oldest_due_at(session, MESSAGES)
                dead = count_by_state(session, [MESSAGES.dead])[MESSAGES.dead]
        finally:
            engine.dispose()
        return lost, (now - due_at).total_seconds() if due_at else None, dead


@dataclass(frozen=True, slots=True)
class Mark:
    """What a self-test that ended at `at_s` (steady) must have left in the CEL file."""

    test: str
    at_s: float


def look_at_records(settings: Settings, store: StoreEye, marks: Sequence[Mark]) -> RecordFacts:
    journal = journal_backlog(settings)
    return RecordFacts(
        journal_waiting=journal.waiting if journal else None,
        journal_oldest_s=journal.oldest_s if journal else None,
        disks=dict(disks_in_use(settings)),
        store_problem=store.problem,
        cel_behind_bytes=store.seen.cel_behind_bytes,
        cel_problem=cel_problem(settings.cel_path),
        cel_stalled=stalled(settings.cel_path, marks),
        unreturned=store.seen.unreturned,
        messages_late_s=store.seen.messages_late_s,
        dead_letters=store.seen.dead_letters,
    )


def disks_in_use(settings: Settings) -> Iterator[tuple[str, float]]:
    """Per cent in use, as `df` counts it; one line for each disk."""
    seen: set[int] = set()
    places = {"journal": settings.journal_path.parent, "call records": settings.cel_path.parent}
    for name, folder in places.items():
        try:
            disk, stat = os.statvfs(folder), folder.stat()
        except OSError:
            continue  # a folder that is gone has an alarm of its own
        if stat.st_dev in seen or not disk.f_blocks:
            continue
        seen.add(stat.st_dev)
        used = disk.f_blocks - disk.f_bfree
        yield name, 100.0 * used / max(1, used + disk.f_bavail)


def cel_problem(path: Path) -> str | None:
    folder = path.parent
    if not folder.is_dir():
        return f"{folder.name}: no such folder"
    if not os.access(folder, os.W_OK | os.X_OK) or (path.exists() and not os.access(path, os.W_OK)):
        return f"{folder.name}: may not be written"
    return None


def stalled(path: Path, marks: Sequence[Mark]) -> str | None:
    """Whether the last self-test that had its time is missing in the file that it must be in."""
    due = [mark for mark in marks if time.monotonic() - mark.at_s >= MARK_WITHIN_S]
    if not due:
        return None
    try:
        found = any(_ends_with(file, due[-1].test) for file in generations(path)[-2:])
    except OSError as error:
        return f"{path.name}: {error.strerror}"
    return None if found else f"{path.name} has no trace of the last self-test"


def _ends_with(file: Path, test: str) -> bool:
    with file.open("rb") as opened:
        opened.seek(max(0, opened.seek(0, os.SEEK_END) - TAIL))
        return test.encode() in opened.read()
