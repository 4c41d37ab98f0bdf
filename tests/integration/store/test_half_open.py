"""A forwarder killed in the middle of a pipeline: who holds its locks, and for how long."""

import os
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg
import pytest
from sqlalchemy import Engine, text
from sqlalchemy.exc import OperationalError

from db.engine import make_engine
from db.forwarder import Forwarder
from db.journal import Journal
from db.journal_feed import JournalFeed
from db.predecessors import end_predecessors
from db.upgrade import upgrade
from scripts.chaos.findings import Finding
from scripts.lab.postgres import PostgresServer
from scripts.lab.waiting import NeverHappened, wait_until
from scripts.store import ready_store
from tests.faults.store_relay import CommitRelay
from tests.integration.store.made import livelihood_call

NAME = "l110-forward-n1"
STORED_WITHIN_S = 6.0
LEFT = (
    "SELECT state, wait_event_type, wait_event FROM pg_stat_activity"
    f" WHERE application_name = '{NAME}'"
)


@pytest.fixture
def relay(postgres: PostgresServer) -> Iterator[CommitRelay]:
    relay = CommitRelay(postgres.port)
    yield relay
    relay.close()


@pytest.fixture
def store_url(postgres: PostgresServer, relay: CommitRelay, tmp_path: Path) -> str:
    name = f"h{abs(hash(str(tmp_path)))}"
    engine = make_engine(postgres.new_database(name))
    upgrade(engine)
    engine.dispose()
    return f"postgresql://l110@127.0.0.1:{relay.port}/{name}"


@contextmanager
def forwarding(folder: Path, engine: Engine) -> Iterator[Forwarder]:
    """A forwarder that runs as the process does, in a thread."""
    feed, stop = JournalFeed(folder / "journal.sqlite3", "n1"), threading.Event()
    forwarder = Forwarder([feed], engine, idle_s=0.1)
    thread = threading.Thread(target=forwarder.run, args=(stop,), daemon=True)
    thread.start()
    try:
        yield forwarder
    finally:
        stop.set()
        thread.join(20)
        engine.dispose()


def put_into_journal(folder: Path) -> int:
    journal = Journal.open(folder / "journal.sqlite3", "n1")
    steps = [step for n in range(30) for step in livelihood_call(n)]
    for step in steps:
        journal.write(step)
    journal.close()
    return len(steps)


def left_by_a_killed_one(folder: Path, url: str, relay: CommitRelay, server: str) -> str:
    """The process, killed while the relay holds half of its pipeline; what the server has."""
    relay.hold_after = b"INSERT INTO call_legs"
    command = [sys.executable, "-m", "scripts", "forward"]
    environment = {**os.environ, "L110_VAR_DIR": str(folder), "L110_DATABASE_URL": url}
    with subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL) as forward:
        held = relay.held.wait(40)
        forward.kill()
    assert held, "the pipeline never began"
    with psycopg.connect(server) as admin:
        states = admin.execute(LEFT + " AND state <> 'idle'").fetchall()
    return "; ".join("/".join(map(str, row)) for row in states)


@pytest.mark.fault("42", "57", how="killed in mid-pipeline, behind a relay that keeps the line")
def test_a_successor_ends_what_a_killed_forwarder_left_and_goes_on(
    tmp_path: Path, store_url: str, relay: CommitRelay, postgres: PostgresServer, told: Finding
) -> None:
    steps = put_into_journal(tmp_path)
    server = postgres.url(store_url.rpartition("/")[2])
    state = left_by_a_killed_one(tmp_path, store_url, relay, server)
    assert state.endswith("/Client/ClientRead")
    began = time.monotonic()
    with forwarding(tmp_path, ready_store(store_url, NAME)) as forwarder:
        wait_until(lambda: forwarder.stored >= steps, "the steps to be stored", 20)
        took_s = time.monotonic() - began
    told.records.append(f"left behind: {state}; its successor had stored all in {took_s:.1f} s")
    assert took_s < STORED_WITHIN_S


@pytest.mark.control("42", "57", without="the end of what the predecessor left")
def test_control_a_successor_that_ends_nothing_makes_no_progress(
    tmp_path: Path, store_url: str, relay: CommitRelay, postgres: PostgresServer, told: Finding
) -> None:
    """Longer than the ten seconds after which PostgreSQL ends a transaction that is idle."""
    steps = put_into_journal(tmp_path)
    server = postgres.url(store_url.rpartition("/")[2])
    left_by_a_killed_one(tmp_path, store_url, relay, server)
    with forwarding(tmp_path, ready_store(store_url)) as forwarder:
        with pytest.raises(NeverHappened):
            wait_until(lambda: forwarder.stored >= steps, "the steps to be stored", 20)
        assert forwarder.stored == 0
    told.records.append("nothing was stored in 20 s")


def test_only_sessions_of_the_same_name_are_ended(postgres: PostgresServer, tmp_path: Path) -> None:
    url = postgres.new_database(f"s{abs(hash(str(tmp_path)))}")
    names = ("", "l110-forward-n2", NAME, NAME)
    nameless, other, twin, successor = (make_engine(url, name=name) for name in names)
    spared = [nameless.connect(), other.connect()]
    left = twin.connect()
    assert end_predecessors(successor) == 1
    assert [line.execute(text("SELECT 1")).scalar_one() for line in spared] == [1, 1]
    with pytest.raises(OperationalError, match="terminat"):
        left.execute(text("SELECT 1"))
    assert end_predecessors(nameless) == 0
    for line in (*spared, left):
        line.close()
    for engine in (nameless, other, twin, successor):
        engine.dispose()


def test_a_line_that_is_dead_is_found_by_the_server_too(postgres: PostgresServer) -> None:
    engine = make_engine(postgres.url("postgres"))
    with engine.connect() as line:
        names = ("tcp_keepalives_idle", "tcp_keepalives_interval", "tcp_user_timeout")
        assert [line.execute(text(f"SHOW {name}")).scalar_one() for name in names] == [
            "5", "2", "5000",
        ]  # fmt: skip
    engine.dispose()
