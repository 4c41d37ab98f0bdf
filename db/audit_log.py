"""Who did what, and what was refused: each row's hash stands over the row before it.

Two writers at once keep one chain: SQLite has one writer at a time, and PostgreSQL gives them one
lock, held to the end of the transaction. So it is appended last in a transaction.
"""

import hashlib
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import event, select, text
from sqlalchemy.orm import Session

from db.audit_heads import Head, HeadFile
from db.models import AuditRow

NO_HASH = "0" * 64
ONE_AT_A_TIME = 110_110_111  # key of PostgreSQL's advisory lock
AT_ONCE = 1000
LONGEST = 2000


@dataclass(frozen=True, slots=True)
class Entry:
    """by: a sign-in name, a process, or `-`. subject: what it was done to. No numbers of callers.

    address: from where, as far as it is known.
    """

    by: str
    action: str
    subject: str
    at: datetime
    outcome: str = "done"
    detail: Mapping[str, Any] = field(default_factory=dict)
    address: str = ""


@dataclass(frozen=True, slots=True)
class Verified:
    """bad: the first row that is not as it was written, and why; None: the chain holds.

    lost: what was seen once and is not there any more; None: nothing, as far as heads were kept.
    """

    rows: int
    head: Head | None
    bad: tuple[int, str] | None
    lost: str | None

    @property
    def holds(self) -> bool:
        return self.bad is None and self.lost is None


def append(session: Session, entry: Entry, heads: HeadFile | None = None) -> Head:
    """The new end of the chain, noted in `heads` once it is committed. Last in a transaction."""
    _one_at_a_time(session)
    newest = select(AuditRow.seq, AuditRow.hash).order_by(AuditRow.seq.desc()).limit(1)
    last = session.execute(newest).first()
    row = AuditRow(
        seq=last.seq + 1 if last else 1,
        at=entry.at.astimezone(UTC),
        by=_clean(entry.by),
        action=_clean(entry.action),
        subject=_clean(entry.subject),
        outcome=_clean(entry.outcome),
        detail=_canonical(entry.detail),
        address=_clean(entry.address),
        previous=last.hash if last else NO_HASH,
    )
    row.hash = hash_of(row)
    session.add(row)
    session.flush()
    head = Head(row.seq, row.hash)
    if heads is not None:
        kept = heads
        event.listen(session, "after_commit", lambda _session: kept.note(head), once=True)
    return head


def _one_at_a_time(session: Session) -> None:
    if session.get_bind().dialect.name == "postgresql":
        session.execute(text(f"SELECT pg_advisory_xact_lock({ONE_AT_A_TIME})"))


def hash_of(row: AuditRow) -> str:
    """SHA-256 over the canonical JSON of the row's columns, `previous` among them."""
    told = {
        "seq": row.seq,
        "at": row.at.astimezone(UTC).isoformat(timespec="microseconds"),
        "by": row.by,
        "action": row.action,
        "subject": row.subject,
        "outcome": row.outcome,
        "detail": row.detail,
        "address": row.address,
        "previous": row.previous,
    }
    return hashlib.sha256(_canonical(told).encode()).hexdigest()


def verify(session: Session, heads: Mapping[int, str]) -> Verified:
    """From the first row to the last. `heads`: what was noted beside the store, seq -> hash."""
    seq, previous = 0, NO_HASH
    lost: str | None = None
    for row in _rows(session):
        if problem := _problem(row, seq + 1, previous):
            named = min(row.seq, seq + 1)
            return Verified(seq, Head(seq, previous) if seq else None, (named, problem), lost)
        seq, previous = row.seq, row.hash
        if heads.get(seq, previous) != previous:
            lost = lost or f"row {seq} is not the one that was noted: written anew from there on"
    if (seen := max(heads, default=0)) > seq:
        lost = lost or f"rows {seq + 1} to {seen} were there and are gone"
    return Verified(seq, Head(seq, previous) if seq else None, None, lost)


def entries(session: Session, limit: int) -> list[AuditRow]:
    """Newest first."""
    return list(session.scalars(select(AuditRow).order_by(AuditRow.seq.desc()).limit(limit)))


def _problem(row: AuditRow, expected: int, previous: str) -> str | None:
    if row.seq != expected:
        return f"row {expected} is gone: the next one is {row.seq}"
    if row.previous != previous:
        return "it does not follow the row before it"
    if row.hash != hash_of(row):
        return "its fields are not those that were written"
    return None


def _rows(session: Session) -> Iterator[AuditRow]:
    after = -1
    while True:
        query = select(AuditRow).where(AuditRow.seq > after).order_by(AuditRow.seq).limit(AT_ONCE)
        rows = session.scalars(query).all()
        if not rows:
            return
        yield from rows
        after = rows[-1].seq
        session.expunge_all()


def _canonical(value: Mapping[str, Any]) -> str:
    told = json.dumps(value, sort_keys=True, ensure_ascii=False, separators=(",", ":"), default=str)
    return told.encode("utf-8", "replace").decode()


def _clean(value: str) -> str:
    """What both stores can keep: no NUL, no half of a character, and not a book."""
    return value[:LONGEST].replace("\0", "?").encode("utf-8", "replace").decode()
