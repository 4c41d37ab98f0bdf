"""PostgreSQL's primary dies in the middle of calls and its standby takes over."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg
import pytest

from db.engine import make_engine, reading
from db.forwarder import Forwarder
from db.journal import Journal
from db.journal_feed import JournalFeed
from db.models import CallRow, CallStepRow
from db.upgrade import upgrade
from scripts.chaos.findings import Finding
from scripts.cli.backlog import journal_backlog
from scripts.lab.postgres import PostgresServer, running_postgres, running_standby
from scripts.lab.waiting import wait_until
from tests.faults.calls_meanwhile import Meanwhile
from tests.integration.store.made import livelihood_call
from tests.real_asterisk.system import running_system

WITHIN_S = 30.0
MANY = 20


def both(first: PostgresServer, second: PostgresServer) -> str:
    hosts = "&".join(f"host=127.0.0.1:{server.port}" for server in (first, second))
    return f"postgresql://l110@/l110?{hosts}&target_session_attrs=read-write"


def ask(server: PostgresServer, query: str) -> object:
    with psycopg.connect(server.url("l110"), autocommit=True) as connection:
        row = connection.execute(query).fetchone()
    return row[0] if row else None


def tell(server: PostgresServer, *commands: str) -> None:
    with psycopg.connect(server.url("l110"), autocommit=True) as connection:
        for command in commands:
            connection.execute(command)


@contextmanager
def pair(*, synchronous: bool) -> Iterator[tuple[PostgresServer, PostgresServer]]:
    """A primary and its standby; the standby itself waits for nobody once it is promoted."""
    with running_postgres() as primary:
        primary.new_database("l110")
        with running_standby(primary) as standby:
            if synchronous:
                tell(
                    primary,
                    "ALTER SYSTEM SET synchronous_standby_names = '*'",
                    "SELECT pg_reload_conf()",
                )
            wanted = "sync" if synchronous else "async"
            state = "SELECT sync_state FROM pg_stat_replication"
            wait_until(lambda: ask(primary, state) == wanted, f"a standby that is {wanted}", 20)
            yield primary, standby


@pytest.mark.fault("36", how="kill -9 of the primary in the middle of calls, promote the standby")
def test_a_primary_that_dies_costs_no_caller_and_no_record_anything(
    tmp_path: Path, told: Finding
) -> None:
    with pair(synchronous=True) as (primary, standby):
        url = both(primary, standby)
        with running_system(tmp_path, 123, lines=10, trunk_channels=20, database_url=url) as system:
            calls = Meanwhile(system)
            begun = calls.begin(1)
            primary.kill()
            killed = time.monotonic()
            begun += calls.begin(1)
            standby.promote()
            promoted_s = time.monotonic() - killed
            calls.nobody_noticed(begun, told)
            calls.each_has_one_record(begun, told)
            back_s = time.monotonic() - killed
            wait_until(lambda: waiting(calls) == 0, "the journal to be empty", WITHIN_S)
            told.records.append(
                f"promoted {promoted_s:.1f} s after the kill; every record of the calls meanwhile"
                f" was there {back_s:.0f} s after it, with the calls themselves"
            )
            calls.nothing_leaks(told)


def waiting(calls: Meanwhile) -> int:
    found = journal_backlog(calls.system.node.settings)
    assert found
    return found.waiting


class OneNode:
    """A journal and a forwarder in this process, on a store of two servers."""

    def __init__(self, folder: Path, url: str) -> None:
        self.journal = Journal.open(folder / "journal.sqlite3", "n1")
        self.feed = JournalFeed(folder / "journal.sqlite3", "n1")
        self.engine = make_engine(url, name="l110-forward-n1")
        upgrade(self.engine)
        self.forwarder = Forwarder([self.feed], self.engine)

    def calls(self, first: int) -> None:
        for n in range(first, first + MANY):
            for step in livelihood_call(n):
                self.journal.write_and_wait(step)

    def tries(self, within_s: float) -> int:
        """How many steps still wait when everything was stored, or after the time."""
        until = time.monotonic() + within_s
        while (left := self.feed.waiting()) and time.monotonic() < until:
            try:
                self.forwarder._end_what_is_left()
                self.forwarder.drain()
            except Exception as fault:
                self.forwarder._store_down(fault)
                time.sleep(0.1)
        return left

    def rows(self) -> tuple[int, int]:
        with reading(self.engine) as session:
            return session.query(CallRow).count(), session.query(CallStepRow).count()

    def close(self) -> None:
        self.journal.close()
        self.feed.close()
        self.engine.dispose()


@contextmanager
def one_node(folder: Path, url: str) -> Iterator[OneNode]:
    node = OneNode(folder, url)
    try:
        yield node
    finally:
        node.close()


A_CALL = len(livelihood_call(1))


@pytest.mark.fault("36", how="the standby is away as calls are stored; then the primary is killed")
def test_the_journal_forgets_only_what_a_synchronous_standby_has(
    tmp_path: Path, told: Finding
) -> None:
    with (
        pair(synchronous=True) as (primary, standby),
        one_node(tmp_path, both(primary, standby)) as node,
    ):
        node.calls(0)
        assert node.tries(20) == 0
        standby.stop()
        node.calls(MANY)
        assert node.tries(6) == MANY * A_CALL
        primary.kill()
        standby.start()
        standby.promote()
        assert node.tries(WITHIN_S) == 0
        assert node.rows() == (2 * MANY, 2 * MANY * A_CALL)
        told.records.append(f"{2 * MANY} calls in the promoted standby; 0 lost, 0 doubled")


@pytest.mark.control("36", without="a synchronous standby")
def test_control_what_an_asynchronous_standby_had_not_is_lost(
    tmp_path: Path, told: Finding
) -> None:
    with (
        pair(synchronous=False) as (primary, standby),
        one_node(tmp_path, both(primary, standby)) as node,
    ):
        node.calls(0)
        assert node.tries(20) == 0
        wait_until(lambda: has(standby, MANY), "the standby to have the first calls", 20)
        standby.stop()
        node.calls(MANY)
        assert node.tries(20) == 0
        primary.kill()
        standby.start()
        standby.promote()
        assert node.tries(WITHIN_S) == 0
        assert node.rows()[0] == MANY
        told.records.append(f"{MANY} of {2 * MANY} calls are lost: the journal had forgotten")


@pytest.mark.control("36", without="the second host in the URL")
def test_control_a_url_of_the_first_host_only_stays_behind(tmp_path: Path, told: Finding) -> None:
    with (
        pair(synchronous=True) as (primary, standby),
        one_node(tmp_path, primary.url("l110")) as node,
    ):
        node.calls(0)
        primary.kill()
        standby.promote()
        assert node.tries(10) == MANY * A_CALL
        told.records.append(f"{MANY * A_CALL} steps still wait 10 s after the promotion")


def has(server: PostgresServer, calls: int) -> bool:
    return ask(server, "SELECT count(*) FROM calls") == calls
