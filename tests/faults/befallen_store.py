"""A PostgreSQL of the test's own behind a node, and what can befall it while calls go on."""

import json
import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import datetime
from pathlib import Path

import psycopg

from scripts.chaos.findings import Finding
from scripts.cli.backlog import journal_backlog
from scripts.lab.postgres import PostgresServer, running_postgres
from scripts.lab.waiting import wait_until
from tests.faults.calls_meanwhile import Meanwhile
from tests.faults.store_relay import CommitRelay
from tests.real_asterisk.system import running_system

CONNECTIONS = 12
GIVEN_UP_S = 8.0  # until a call has steps, a second of idling, 3 s of no answer, and a slow machine


class Store(Meanwhile):
    server: PostgresServer
    relay: CommitRelay

    def direct(self) -> psycopg.Connection[tuple[object, ...]]:
        """Past the relay."""
        return psycopg.connect(self.server.url("l110"), autocommit=True)

    def log(self) -> str:
        return (self.system.node.settings.var / "log/forward.log").read_text()

    def waiting(self) -> int:
        found = journal_backlog(self.system.node.settings)
        assert found
        return found.waiting

    @contextmanager
    def said(self, event: str, within_s: float) -> Iterator[None]:
        """The forwarder says it while the block runs, or after."""
        before = self.log().count(event)
        yield
        wait_until(lambda: self.log().count(event) > before, event, within_s)

    def last_said(self, event: str) -> datetime:
        line = [line for line in self.log().splitlines() if f'"event": "{event}"' in line][-1]
        return datetime.fromisoformat(json.loads(line)["timestamp"])


@contextmanager
def running_store(root: Path, place: int) -> Iterator[Store]:
    with running_postgres() as server:
        server.new_database("l110")
        with psycopg.connect(server.url("l110"), autocommit=True) as admin:
            admin.execute(f"ALTER SYSTEM SET max_connections = {CONNECTIONS}")
            admin.execute("ALTER SYSTEM SET max_wal_senders = 0")
        server.stop()
        server.start()
        relay = CommitRelay(server.port)
        url = f"postgresql://l110@127.0.0.1:{relay.port}/l110"
        with running_system(root, place, lines=10, trunk_channels=20, database_url=url) as system:
            store = Store(system)
            store.server, store.relay = server, relay
            yield store
        relay.close()


def family(server: PostgresServer) -> list[int]:
    tasks = Path(f"/proc/{server.pid}/task/{server.pid}/children").read_text().split()
    return [server.pid, *map(int, tasks)]


@contextmanager
def frozen(server: PostgresServer) -> Iterator[None]:
    pids = family(server)
    for pid in pids:
        os.kill(pid, signal.SIGSTOP)
    try:
        yield
    finally:
        for pid in pids:
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGCONT)


@contextmanager
def every_connection_taken(store: Store) -> Iterator[None]:
    others: list[psycopg.Connection[tuple[object, ...]]] = []

    def takes_all() -> bool:
        while len(others) < CONNECTIONS:
            try:
                others.append(store.direct())
            except psycopg.OperationalError:
                break
            if len(others) == 1:
                others[0].execute(
                    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
                    " WHERE backend_type = 'client backend' AND pid <> pg_backend_pid()"
                )
        return len(others) == CONNECTIONS

    try:
        wait_until(takes_all, "every connection to be ours", 60, every_s=0.01)
        yield
    finally:
        for other in others:
            other.close()


@contextmanager
def in_doubt(store: Store, told: Finding) -> Iterator[None]:
    """Of five COMMITs the answer is lost; at least three of them are made inside."""
    before = store.relay.swallowed
    store.relay.swallow = 5
    yield
    wait_until(lambda: store.relay.swallowed >= before + 3, "commits in doubt", 20)
    store.relay.swallow = 0
    told.records.append(f"{store.relay.swallowed - before} answers to COMMIT swallowed")
