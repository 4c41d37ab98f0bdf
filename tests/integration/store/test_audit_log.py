"""The audit chain on both stores: one chain for all writers, and what shows when it is altered."""

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import Engine, delete, text, update
from sqlalchemy.exc import DBAPIError, IntegrityError
from sqlalchemy.orm import Session

from db import audit_log
from db.audit_heads import HeadFile
from db.audit_log import NO_HASH, Entry, append, entries, hash_of, verify
from db.audit_triggers import drop_audit_triggers
from db.engine import reading, writing
from db.models import AuditRow

T0 = datetime(2026, 11, 23, 1, 0, 0, 123456, tzinfo=UTC)


@pytest.fixture
def heads(tmp_path: Path) -> HeadFile:
    return HeadFile(tmp_path / "heads")


def write(engine: Engine, heads: HeadFile | None, n: int = 1) -> None:
    with writing(engine) as session:
        detail = {"n": n, "text": "王 \ud800 \0"}
        append(session, Entry("wang", "move", f"2026-{n}", T0, detail=detail), heads)


@pytest.fixture
def chain(store: Engine, heads: HeadFile) -> Engine:
    for n in range(1, 6):
        write(store, heads, n)
    return store


def said(engine: Engine, heads: HeadFile | None = None) -> tuple[object, str | None]:
    with reading(engine) as session:
        found = verify(session, heads.read() if heads else {})
    return found.bad, found.lost


def altered(engine: Engine, change: Callable[[Session], object]) -> None:
    with writing(engine) as session:
        drop_audit_triggers(session.connection())
        change(session)


def test_a_chain_holds_from_its_first_row_to_its_last(chain: Engine, heads: HeadFile) -> None:
    with reading(chain) as session:
        found = verify(session, heads.read())
        rows = entries(session, 10)
    assert (found.rows, found.holds) == (5, True)
    assert found.head is not None
    assert (found.head.seq, found.head.hash) == (5, rows[0].hash)
    assert [row.seq for row in rows] == [5, 4, 3, 2, 1]
    assert rows[-1].previous == NO_HASH


def test_an_empty_chain_holds(store: Engine, heads: HeadFile) -> None:
    assert said(store, heads) == (None, None)


def test_what_was_audited_cannot_be_changed_or_deleted(chain: Engine) -> None:
    for statement in (update(AuditRow).values(by="nobody"), delete(AuditRow)):
        with pytest.raises(DBAPIError, match="append-only"), writing(chain) as session:
            session.execute(statement)
    if chain.dialect.name == "postgresql":
        with pytest.raises(DBAPIError, match="append-only"), writing(chain) as session:
            session.execute(text("TRUNCATE audit_log"))
    else:
        replace = text("REPLACE INTO audit_log SELECT * FROM audit_log WHERE seq = 3")
        with pytest.raises(DBAPIError, match="append-only"), writing(chain) as session:
            session.execute(replace)


@pytest.mark.control(without="the triggers")
def test_control_without_the_triggers_an_altered_row_is_named(chain: Engine) -> None:
    altered(chain, lambda s: s.execute(update(AuditRow).where(AuditRow.seq >= 3).values(by="x")))
    assert said(chain) == ((3, "its fields are not those that were written"), None)


@pytest.mark.control(without="the hash")
def test_control_a_row_hashed_anew_shows_in_the_next_one(chain: Engine) -> None:
    def change(session: Session) -> None:
        row = session.get_one(AuditRow, 3)
        row.by = "nobody"
        row.hash = hash_of(row)

    altered(chain, change)
    assert said(chain) == ((4, "it does not follow the row before it"), None)


def test_a_deleted_row_is_named_by_its_number(chain: Engine, heads: HeadFile) -> None:
    altered(chain, lambda s: s.execute(delete(AuditRow).where(AuditRow.seq == 2)))
    assert said(chain) == ((2, "row 2 is gone: the next one is 3"), None)


def test_the_first_row_is_missed_too(chain: Engine) -> None:
    altered(chain, lambda s: s.execute(delete(AuditRow).where(AuditRow.seq == 1)))
    assert said(chain) == ((1, "row 1 is gone: the next one is 2"), None)


def test_the_last_rows_are_missed_by_the_noted_heads(chain: Engine, heads: HeadFile) -> None:
    altered(chain, lambda s: s.execute(delete(AuditRow).where(AuditRow.seq >= 4)))
    assert said(chain, heads) == (None, "rows 4 to 5 were there and are gone")


@pytest.mark.control(without="the heads noted beside the store")
def test_control_without_the_heads_nobody_misses_the_last_rows(chain: Engine) -> None:
    altered(chain, lambda s: s.execute(delete(AuditRow).where(AuditRow.seq >= 4)))
    assert said(chain) == (None, None)


def test_a_chain_written_anew_does_not_meet_the_noted_heads(chain: Engine, heads: HeadFile) -> None:
    altered(chain, lambda s: s.execute(delete(AuditRow).where(AuditRow.seq >= 2)))
    for n in range(2, 7):
        with writing(chain) as session:
            append(session, Entry("x", "other", "other", T0 + timedelta(seconds=n)))
    assert said(chain) == (None, None)
    assert said(chain, heads) == (
        None, "row 2 is not the one that was noted: written anew from there on"
    )  # fmt: skip


def test_many_writers_at_once_keep_one_chain(store: Engine, heads: HeadFile) -> None:
    with ThreadPoolExecutor(5) as pool:
        list(pool.map(lambda n: write(store, heads, n), range(60)))
    with reading(store) as session:
        found = verify(session, heads.read())
    assert (found.rows, found.holds, len(heads.read())) == (60, True, 60)


@pytest.mark.control(without="the lock of PostgreSQL")
def test_control_without_the_lock_one_of_two_writers_is_refused(
    store: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    if store.dialect.name == "sqlite":
        pytest.skip("its lock is the file's own: it cannot be left out")
    both_have_looked = threading.Barrier(2, timeout=5)

    def hash_when_both_have_looked(row: AuditRow) -> str:
        both_have_looked.wait()
        return hash_of(row)

    def refused(n: int) -> bool:
        try:
            write(store, None, n)
        except IntegrityError:
            return True
        return False

    monkeypatch.setattr(audit_log, "_one_at_a_time", lambda _: None)
    monkeypatch.setattr(audit_log, "hash_of", hash_when_both_have_looked)
    with ThreadPoolExecutor(2) as pool:
        assert sorted(pool.map(refused, (1, 2))) == [False, True]


def test_what_was_taken_back_is_not_noted(chain: Engine, heads: HeadFile) -> None:
    with writing(chain) as session:
        append(session, Entry("wang", "move", "2026-9", T0), heads)
        session.rollback()
    assert max(heads.read()) == 5
    assert said(chain, heads) == (None, None)


def test_a_file_of_heads_that_cannot_be_written_stops_nobody(store: Engine, tmp_path: Path) -> None:
    write(store, HeadFile(tmp_path))
    assert said(store) == (None, None)


def test_odd_lines_among_the_heads_are_passed_over(heads: HeadFile) -> None:
    heads.path.write_bytes(b"\xff\xff\n1 short\nx " + b"0" * 64 + b"\n7 " + b"a" * 64 + b"\n8 ")
    assert heads.read() == {7: "a" * 64}
