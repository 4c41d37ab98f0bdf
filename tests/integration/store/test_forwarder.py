"""From the feeds to the rows: nothing lost, nothing twice, whatever happens to the store."""

import json
import os
import signal
import sqlite3
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from sqlalchemy import Engine, event, func, select
from sqlalchemy.exc import OperationalError, SQLAlchemyError
from structlog.testing import capture_logs

from db.engine import make_engine, reading, writing
from db.forwarder import Forwarder
from db.journal import Journal
from db.journal_feed import JournalFeed
from db.models import CallRow, CallStepRow, FeedPositionRow, QuarantineRow, TicketRow
from db.upgrade import upgrade
from ivr.cel_feed import CelFeed
from routing.steps import Step, StepKind
from tests.integration.store.made import a_step, livelihood_call

OF_THE_BRIDGE = {StepKind.INTAKE, StepKind.DECIDED, StepKind.FAILED, StepKind.RULES}


class Node:
    """A node's two files, written as Asterisk and the bridge write them."""

    def __init__(self, folder: Path) -> None:
        self.cel_path = folder / "l110.jsonl"
        self.journal_path = folder / "journal.sqlite3"
        self._opened: list[CelFeed | JournalFeed] = []
        self.journal = Journal.open(self.journal_path, "n1")

    def tells(self, steps: list[Step]) -> None:
        for step in steps:
            if step.kind in OF_THE_BRIDGE:
                self.journal.write_and_wait(step)
            else:
                self.writes(cel_line(step))

    def writes(self, line: bytes) -> None:
        with self.cel_path.open("ab") as file:
            file.write(line)

    def feeds(self) -> tuple[CelFeed, JournalFeed]:
        feeds = (
            CelFeed(self.cel_path, "n1", settle_s=0),
            JournalFeed(self.journal_path, "n1"),
        )
        self._opened += feeds
        return feeds

    def close(self) -> None:
        self.journal.close()
        for feed in self._opened:
            feed.close()


def cel_line(step: Step) -> bytes:
    kind = step.kind.value
    name = kind.replace("-", "_").upper() if kind.startswith("chan") else f"L110_{kind.upper()}"
    facts = {"call": step.call_id or "", **step.data}
    extra = "&".join(f"{key}={value}" for key, value in facts.items())
    fields = {
        "eventtype": name,
        "eventtime": f"{step.at.timestamp():.6f}",
        "uniqueid": step.leg,
        "channame": "PJSIP/l110-trunk-00000001",
        "eventextra": json.dumps({"extra": extra}) if kind[:4] != "chan" else "",
    }
    return json.dumps(fields).encode() + b"\n"


@pytest.fixture
def node(tmp_path: Path) -> Iterator[Node]:
    node = Node(tmp_path)
    yield node
    node.close()


def count(store: Engine) -> tuple[int, int, int]:
    """Calls, tickets, steps."""
    with reading(store) as session:
        tables = (CallRow, TicketRow, CallStepRow)
        calls, tickets, steps = (
            session.scalar(select(func.count()).select_from(table)) or 0 for table in tables
        )
        return calls, tickets, steps


def calls(*numbers: int) -> list[Step]:
    return [step for n in numbers for step in livelihood_call(n)]


A_CALL = len(livelihood_call(1))


def test_both_feeds_become_one_call(store: Engine, node: Node) -> None:
    node.tells(calls(1, 2))
    forwarder = Forwarder(node.feeds(), store)
    assert forwarder.drain() == 2 * A_CALL
    assert count(store) == (2, 2, 2 * A_CALL)
    assert node.feeds()[1].waiting() == 0
    assert forwarder.drain() == 0


def test_a_new_forwarder_goes_on_where_the_last_one_stopped(store: Engine, node: Node) -> None:
    node.tells(calls(1))
    Forwarder(node.feeds(), store).drain()
    node.tells(calls(2))
    assert Forwarder(node.feeds(), store).drain() == A_CALL
    assert count(store) == (2, 2, 2 * A_CALL)


@pytest.mark.parametrize("statement", range(1, 26))
def test_a_store_that_fails_at_any_statement_is_only_a_delay(
    store: Engine, node: Node, statement: int
) -> None:
    node.tells(calls(1))
    left = statement

    def fail_once(*_: object) -> None:
        nonlocal left
        left -= 1
        if left == 0:
            raise OperationalError("cut", None, Exception("cut"))

    event.listen(store, "before_cursor_execute", fail_once)
    forwarder = Forwarder(node.feeds(), store)
    for _ in range(3):
        try:
            forwarder.drain()
        except SQLAlchemyError:
            continue
    event.remove(store, "before_cursor_execute", fail_once)
    assert count(store) == (1, 1, A_CALL)


@pytest.mark.fault("35", how="the answer to COMMIT is lost")
def test_a_commit_in_doubt_is_replayed_into_the_same_rows(store: Engine, node: Node) -> None:
    """The store has it, the feeds were never told."""
    node.tells(calls(1))
    feeds = node.feeds()
    for feed in feeds:
        feed.committed = lambda _: None  # type: ignore[method-assign]
    forwarder = Forwarder(feeds, store)
    for _ in range(3):
        forwarder._round()
    with writing(store) as session:
        session.query(FeedPositionRow).delete()
    Forwarder(node.feeds(), store).drain()
    assert count(store) == (1, 1, A_CALL)


@pytest.mark.fault("B53", how="a broken line in the feed")
def test_a_bad_line_is_kept_once_and_the_rest_goes_on(store: Engine, node: Node) -> None:
    node.writes(b"\xff{broken\n")
    node.tells(calls(1))
    forwarder = Forwarder(node.feeds(), store)
    forwarder.drain()
    assert count(store)[0] == 1
    with reading(store) as session:
        row = session.scalars(select(QuarantineRow)).one()
        assert (row.feed, row.offset, bytes.fromhex(row.raw_hex)) == ("cel/n1", 0, b"\xff{broken")


def test_a_step_that_the_store_refuses_does_not_hold_up_the_others(
    store: Engine, node: Node
) -> None:
    node.journal.write_and_wait(a_step(StepKind.RULES, 0, 0, version="v", text="\udcff"))
    node.tells(calls(1))
    forwarder = Forwarder(node.feeds(), store)
    with capture_logs():
        forwarder.drain()
    assert count(store)[0] == 1
    assert forwarder.quarantined == 1
    assert node.feeds()[1].waiting() == 0


def test_an_unreadable_feed_is_said_once_and_the_other_goes_on(
    store: Engine, node: Node, tmp_path: Path
) -> None:
    node.tells(calls(1))
    away = CelFeed(tmp_path / "nowhere" / "l110.jsonl", "n1")
    forwarder = Forwarder([away, node.feeds()[1]], store)
    with capture_logs() as logs:
        forwarder.drain()
        forwarder.drain()
    assert [line["event"] for line in logs] == ["feed.unreadable"]
    assert count(store)[0] == 1


class Running:
    """A forwarder in its own thread, that can be waited for."""

    def __init__(self, forwarder: Forwarder) -> None:
        self.forwarder = forwarder
        self.stop = threading.Event()
        self._thread = threading.Thread(target=forwarder.run, args=(self.stop,))
        self._thread.start()

    def until(self, condition: Callable[[], bool], timeout_s: float = 20) -> None:
        for _ in range(int(timeout_s / 0.02)):
            if condition():
                return
            self.stop.wait(0.02)
        pytest.fail("it never came to that")

    def end(self) -> None:
        self.stop.set()
        self._thread.join()


@pytest.fixture
def own_store(postgres, request: pytest.FixtureRequest) -> Iterator[Engine]:
    name = f"own{abs(hash(request.node.name))}"
    engine = make_engine(postgres.new_database(name), statement_timeout_s=0.5)
    upgrade(engine)
    yield engine
    engine.dispose()


def run(node: Node, store: Engine) -> Running:
    return Running(Forwarder(node.feeds(), store, idle_s=0.02, backoff_s=(0.02, 0.1)))


def test_postgresql_goes_down_and_comes_back(own_store: Engine, node: Node, postgres) -> None:
    with capture_logs() as logs:
        running = run(node, own_store)
        node.tells(calls(1))
        running.until(lambda: running.forwarder.stored >= A_CALL)
        postgres.stop()
        node.tells(calls(2, 3))
        running.until(lambda: not running.forwarder.store_up)
        postgres.start()
        running.until(lambda: running.forwarder.stored >= 3 * A_CALL)
        running.end()
    assert count(own_store) == (3, 3, 3 * A_CALL)
    assert [line["event"] for line in logs] == ["store.down", "store.up"]


@pytest.mark.fault("34", how="SIGSTOP to the server")
def test_postgresql_hangs(own_store: Engine, node: Node, postgres) -> None:
    """Frozen as a whole, and each of its sessions: only our own deadlines help."""
    running = run(node, own_store)
    node.tells(calls(1))
    running.until(lambda: running.forwarder.stored >= A_CALL)
    pids = [postgres.pid, *children(postgres.pid)]
    for pid in pids:
        os.kill(pid, signal.SIGSTOP)
    node.tells(calls(2))
    try:
        running.until(lambda: not running.forwarder.store_up)
    finally:
        for pid in pids:
            os.kill(pid, signal.SIGCONT)
    running.until(lambda: running.forwarder.stored >= 2 * A_CALL)
    running.end()
    assert count(own_store) == (2, 2, 2 * A_CALL)


def children(pid: int) -> list[int]:
    return [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


@pytest.mark.fault("43", how="BEGIN EXCLUSIVE by another")
def test_a_locked_sqlite_is_waited_for(tmp_path: Path, node: Node) -> None:
    store = make_engine(f"sqlite:///{tmp_path}/s.sqlite3", statement_timeout_s=0.05)
    upgrade(store)
    locker = sqlite3.connect(tmp_path / "s.sqlite3", isolation_level=None)
    locker.execute("BEGIN EXCLUSIVE")
    node.tells(calls(1))
    running = run(node, store)
    running.until(lambda: not running.forwarder.store_up)
    locker.execute("ROLLBACK")
    locker.close()
    running.until(lambda: running.forwarder.stored >= A_CALL)
    running.end()
    assert count(store) == (1, 1, A_CALL)
    store.dispose()
