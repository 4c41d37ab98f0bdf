"""The journal keeps what it says it kept, and never stands in the way of a call."""

import shutil
import sqlite3
import threading
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from structlog.testing import capture_logs

from db.journal import Journal, JournalBroken
from db.journal_feed import JournalFeed
from db.journal_file import JournalTooNew, open_journal_file
from db.step_codec import step_from_json
from routing.steps import Step, StepKind
from scripts.chaos.findings import Finding
from scripts.lab.waiting import wait_until


def a_step(n: int) -> Step:
    at = datetime(2026, 11, 23, 20, 26, 6, n, tzinfo=UTC)
    return Step(
        f"n1/{n}/intake", StepKind.INTAKE, "n1", f"n1-1.{n}", None, at, {"name": "\udcd5民"}
    )


class FaultyDisk:
    """A connection whose next commits fail as a disk does."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection
        self.fault: sqlite3.Error | None = None
        self.failed = threading.Event()

    def execute(self, statement: str) -> sqlite3.Cursor:
        if self.fault and statement == "COMMIT":
            self.failed.set()
            raise self.fault
        return self._connection.execute(statement)

    def __getattr__(self, name: str) -> Any:  # noqa: ANN401
        return getattr(self._connection, name)


def disk_error(code: int) -> sqlite3.OperationalError:
    fault = sqlite3.OperationalError("the disk says no")
    fault.sqlite_errorcode = code
    return fault


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "var" / "journal.sqlite3"


@pytest.fixture
def journal(path: Path) -> Iterator[Journal]:
    journal = Journal.open(path, "n1")
    yield journal
    journal.close()


@pytest.fixture
def feed(path: Path) -> Iterator[JournalFeed]:
    feed = JournalFeed(path, "n1")
    yield feed
    feed.close()


def test_a_step_comes_out_as_it_went_in(journal: Journal, feed: JournalFeed) -> None:
    journal.write_and_wait(a_step(1))
    assert feed.read(10) == [(1, a_step(1))]


def test_what_is_forgotten_does_not_come_again(journal: Journal, feed: JournalFeed) -> None:
    for n in range(5):
        journal.write_and_wait(a_step(n))
    feed.forget(3)
    assert [seq for seq, _ in feed.read(10)] == [4, 5]
    feed.forget(5)
    journal.write_and_wait(a_step(9))
    assert [seq for seq, _ in feed.read(10)] == [6]


def test_closing_writes_what_is_queued(path: Path, feed: JournalFeed) -> None:
    journal = Journal.open(path, "n1")
    for n in range(3_000):
        journal.write(a_step(n))
    journal.close()
    assert len(feed.read(5_000)) == 3_000
    assert journal.unkept == 0


def test_a_step_after_closing_goes_to_the_log(path: Path) -> None:
    journal = Journal.open(path, "n1")
    journal.close()
    with capture_logs() as logs:
        journal.write(a_step(7))
    assert step_from_json(logs[0]["step"]) == a_step(7)
    assert journal.unkept == 1


def test_a_missing_journal_is_an_empty_feed(path: Path, feed: JournalFeed) -> None:
    assert feed.read(10) == []
    assert feed.waiting() == 0
    assert not path.exists()


@pytest.mark.fault("B54", how="a file of a newer release")
@pytest.mark.parametrize(
    "opener", [lambda p: Journal.open(p, "n1"), lambda p: JournalFeed(p, "n1").read(1)]
)
def test_a_journal_of_a_newer_release_is_refused_by_name(path: Path, opener: Any) -> None:  # noqa: ANN401
    Journal.open(path, "n1").close()
    with sqlite3.connect(path) as connection:
        connection.execute("UPDATE journal SET version = 99, release = '7.1'")
    connection.close()
    with pytest.raises(JournalTooNew, match=r"release 7\.1") as refusal:
        opener(path)
    assert refusal.value.release == "7.1"


@pytest.mark.fault("41", how="a torn file")
def test_only_the_torn_tail_is_refused(tmp_path: Path, path: Path, journal: Journal) -> None:
    for n in range(50):
        journal.write_and_wait(a_step(n))
    torn = tmp_path / "torn.sqlite3"
    shutil.copy(path, torn)
    wal = path.with_name(path.name + "-wal").read_bytes()
    torn.with_name("torn.sqlite3-wal").write_bytes(wal[: len(wal) - 100])
    feed = JournalFeed(torn, "n1")
    assert [step for _, step in feed.read(100)] == [a_step(n) for n in range(49)]
    feed.close()


def test_a_full_queue_is_logged_and_never_blocks(path: Path, feed: JournalFeed) -> None:
    journal = Journal.open(path, "n1", room=5, busy_timeout_s=0.01)
    blocker = sqlite3.connect(path, isolation_level=None)
    blocker.execute("BEGIN IMMEDIATE")
    with capture_logs() as logs:
        began = time.monotonic()
        for n in range(2_000):
            journal.write(a_step(n))
        assert time.monotonic() - began < 2
    assert not journal.healthy
    assert journal.unkept > 0
    assert [line["event"] for line in logs].count("journal.step_unkept") == journal.unkept
    blocker.execute("ROLLBACK")
    blocker.close()
    journal.close()
    assert len(feed.read(3_000)) + journal.unkept == 2_000


@pytest.mark.fault("39", how="SQLite reports a full disk")
def test_a_full_disk_is_waited_out_with_the_steps_in_hand(path: Path, feed: JournalFeed) -> None:
    disk, journal = faulty(path)
    disk.fault = disk_error(sqlite3.SQLITE_FULL)
    with capture_logs() as logs:
        journal.write(a_step(1))
        assert disk.failed.wait(5)
        disk.fault = None
        journal.write_and_wait(a_step(2))
    assert journal.healthy
    assert [step for _, step in feed.read(9)] == [a_step(1), a_step(2)]
    assert [line["event"] for line in logs] == ["journal.failed", "journal.recovered"]
    journal.close()


@pytest.mark.control("39", without="the wait for room: full is final, as a failed sync is")
def test_control_a_journal_that_does_not_wait_for_room_keeps_nothing_more(
    path: Path, feed: JournalFeed, monkeypatch: pytest.MonkeyPatch, told: Finding
) -> None:
    monkeypatch.setattr("db.journal.IO_ERROR", sqlite3.SQLITE_FULL)
    disk, journal = faulty(path)
    disk.fault = disk_error(sqlite3.SQLITE_FULL)
    with capture_logs():
        journal.write(a_step(1))
        assert disk.failed.wait(5)
        disk.fault = None
        with pytest.raises(JournalBroken):
            journal.write_and_wait(a_step(2))
    assert feed.read(9) == []
    told.records.append("0 of 2 steps kept, though there was room again")
    journal.close()


@pytest.mark.fault("40", how="SQLite reports an I/O error")
def test_after_a_failed_sync_nothing_is_acknowledged(path: Path) -> None:
    disk, journal = faulty(path)
    disk.fault = disk_error(sqlite3.SQLITE_IOERR_FSYNC)
    with capture_logs() as logs:
        with pytest.raises(JournalBroken):
            journal.write_and_wait(a_step(1))
        disk.fault = None
        with pytest.raises(JournalBroken):
            journal.write_and_wait(a_step(2))
    assert not journal.healthy
    told = [step_from_json(line["step"]) for line in logs if "step" in line]
    assert told == [a_step(1), a_step(2)]
    journal.close()


def faulty(path: Path) -> tuple[FaultyDisk, Journal]:
    disk = FaultyDisk(open_journal_file(path, busy_timeout_s=1, synchronous="FULL"))
    return disk, Journal(disk, "n1", retry_s=0.01)  # type: ignore[arg-type]


def test_steps_that_come_together_share_a_commit(path: Path) -> None:
    disk, journal = faulty(path)
    commits = 0
    plain = disk.execute

    def counted(statement: str) -> sqlite3.Cursor:
        nonlocal commits
        commits += statement == "COMMIT"
        return plain(statement)

    disk.execute = counted  # type: ignore[method-assign]
    for n in range(2_000):
        journal.write(a_step(n))
    journal.close()
    assert commits < 200


def test_who_waits_for_his_step_ends_the_window(path: Path, feed: JournalFeed) -> None:
    journal = Journal(open_disk(path), "n1", window_s=60)
    journal.write(a_step(0))
    journal.write_and_wait(a_step(1), timeout_s=5)
    assert len(feed.read(10)) == 2
    journal.close()


def test_without_that_he_would_wait_for_the_whole_window(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    journal = Journal(open_disk(path), "n1", window_s=60)
    monkeypatch.setattr(journal._hurry, "set", lambda: None)
    with pytest.raises(TimeoutError):
        journal.write_and_wait(a_step(1), timeout_s=0.2)
    monkeypatch.undo()
    journal.close()


def test_closing_ends_the_window(path: Path, feed: JournalFeed) -> None:
    journal = Journal(open_disk(path), "n1", window_s=60)
    journal.write(a_step(0))
    journal.close()
    assert len(feed.read(10)) == 1


def test_a_step_that_nobody_waits_for_is_on_disk_after_the_window(
    journal: Journal, feed: JournalFeed
) -> None:
    journal.write(a_step(0))
    wait_until(lambda: feed.read(10), "the step on disk", 5)


def open_disk(path: Path) -> sqlite3.Connection:
    return open_journal_file(path, busy_timeout_s=2, synchronous="FULL")


def test_who_counts_is_told_of_each_commit_with_its_steps_and_seconds(tmp_path):
    told: list[tuple[int, float]] = []
    journal = Journal.open(
        tmp_path / "journal.sqlite3", "n1", on_commit=lambda steps, s: told.append((steps, s))
    )
    for n in range(3):
        journal.write(a_step(n))
    journal.write_and_wait(a_step(3))
    journal.close()
    assert sum(steps for steps, _ in told) == 4
    assert all(0 < took_s < 5 for _, took_s in told)
    assert journal.queued == 0
