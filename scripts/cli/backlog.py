"""What waits for the store, as far as another process than the forwarder can see it."""

import contextlib
import sqlite3
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path

from sqlalchemy.exc import SQLAlchemyError

from config.settings import Settings
from db.engine import StoreUrlUnknown, make_engine, reading
from db.feeds import feed_position
from db.step_codec import StepUnreadable, step_from_json
from ivr.tail import Position, open_from, still_there

OLDEST = "SELECT body FROM steps ORDER BY seq LIMIT 1"


@dataclass(frozen=True, slots=True)
class JournalBacklog:
    """`oldest_s` is the age of the step that waits longest; None where none waits."""

    waiting: int
    oldest_s: float | None = None

    def to_json(self) -> dict[str, float | None]:
        return asdict(self)

    def __str__(self) -> str:
        age = "" if self.oldest_s is None else f", the oldest for {self.oldest_s:.0f} s"
        return f"{self.waiting} steps wait{age}"


def journal_backlog(settings: Settings) -> JournalBacklog | None:
    """None: the journal cannot be read."""
    path = settings.journal_path
    if not path.exists():
        return JournalBacklog(0)
    try:
        source = sqlite3.connect(f"{path.resolve().as_uri()}?mode=ro", uri=True, timeout=2)
        with contextlib.closing(source) as connection:
            (count,) = connection.execute("SELECT count(*) FROM steps").fetchone()
            oldest = connection.execute(OLDEST).fetchone()
    except sqlite3.Error:
        return None
    return JournalBacklog(int(count), age_s(oldest[0]) if oldest else None)


def age_s(body: str) -> float | None:
    """Of a step in the journal; None where nobody can read it."""
    try:
        at = step_from_json(body).at
    except StepUnreadable:
        return None
    return round(max(0.0, (datetime.now(UTC) - at).total_seconds()), 1)


def cel_backlog(settings: Settings) -> int | None:
    """Bytes of the CEL file that are not stored; None: the store does not say, or no file."""
    try:
        return bytes_behind(settings.cel_path, _stored_place(settings))
    except (OSError, SQLAlchemyError, StoreUrlUnknown):
        return None


def _stored_place(settings: Settings) -> Position | None:
    engine = make_engine(settings.store_url)
    try:
        with reading(engine) as session:
            place = feed_position(session, f"cel/{settings.node}")
    finally:
        engine.dispose()
    return Position(place.inode, place.offset, place.head) if place else None


def bytes_behind(path: Path, place: Position | None) -> int:
    """From `place` to the end, over every rotated file that still lies beside it."""
    with contextlib.ExitStack() as opened:
        files = [opened.enter_context(file) for file in open_from(path, place, None)]
        size = sum(file.seek(0, 2) for file in files)
        stored = place.offset if place and files and still_there(files[0], place) else 0
        return size - stored
