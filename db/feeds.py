"""How far each feed is stored, and what of it nobody could read."""

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from sqlalchemy.orm import Session

from db.models import FeedPositionRow, QuarantineRow
from db.upserts import insert_into, upsert

MAX_RAW = 4096


class Place(Protocol):
    """Where in which file; `head` is a digest of the file's beginning."""

    @property
    def inode(self) -> int: ...
    @property
    def offset(self) -> int: ...
    @property
    def head(self) -> str: ...


class Unreadable(Protocol):
    @property
    def offset(self) -> int: ...
    @property
    def raw(self) -> bytes: ...
    @property
    def problem(self) -> str: ...


@dataclass(frozen=True, slots=True)
class StoredPlace:
    inode: int
    offset: int
    head: str


def feed_position(session: Session, feed: str) -> StoredPlace | None:
    row = session.get(FeedPositionRow, feed)
    return StoredPlace(row.inode, row.offset, row.head) if row else None


def store_position(session: Session, feed: str, place: Place) -> None:
    values = {"inode": place.inode, "offset": place.offset, "head": place.head}
    upsert(session, FeedPositionRow, [{"feed": feed, **values}])


def put_in_quarantine(
    session: Session, feed: str, entries: Iterable[Unreadable], at: datetime
) -> None:
    """As often as it comes, one row: by feed, offset and what it says. At most 4 kB are kept."""
    rows = [
        {
            "feed": feed,
            "offset": entry.offset,
            "raw_hex": entry.raw[:MAX_RAW].hex(),
            "raw_hash": hashlib.sha256(entry.raw).hexdigest(),
            "problem": _plain(entry.problem),
            "at": at,
        }
        for entry in entries
    ]
    if rows:
        unique = ["feed", "offset", "raw_hash"]
        statement = insert_into(session, QuarantineRow)
        session.connection().execute(statement.on_conflict_do_nothing(index_elements=unique), rows)


def _plain(problem: str) -> str:
    """PostgreSQL refuses NUL and broken surrogates in text."""
    return problem[:500].encode("utf-8", "replace").decode().replace("\0", "?")
