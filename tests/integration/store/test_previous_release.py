"""Expand, then contract: the release before writes on while the new one migrates, and after."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from sqlalchemy import Engine, func, select, text

from db.engine import reading
from db.forwarder import Forwarder
from db.models import CallRow, QuarantineRow
from db.upgrade import MIGRATIONS, UpgradeBlocked, current, newest, upgrade
from scripts.lab.waiting import wait_until
from tests.integration.store.previous_release import (
    HistoryMissing,
    checked_out,
    commit_before,
    forwarding,
    revision_of,
)
from tests.integration.store.test_forwarder import Node, calls, count

EACH = 15  # calls before, while and after


@pytest.fixture(scope="session")
def before(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The code that was there before the newest migration."""
    (migration,) = (MIGRATIONS / "versions").glob(f"{newest()}_*.py")
    try:
        return checked_out(commit_before(migration), tmp_path_factory.mktemp("before"))
    except HistoryMissing as missing:
        pytest.skip(str(missing))


@pytest.fixture
def node(tmp_path: Path) -> Iterator[Node]:
    node = Node(tmp_path)
    yield node
    node.close()


@contextmanager
def old_forwarder(code: Path, store: Engine, node: Node, folder: Path) -> Iterator[None]:
    url = store.url.set(drivername=store.dialect.name).render_as_string(hide_password=False)
    log = folder / "old.log"
    told = url, str(node.cel_path), str(node.journal_path), revision_of(code)
    with forwarding(code, log, *told) as process:
        wait_until(
            lambda: "forwarding" in log.read_text(), log.name, 20, alive=lambda: process.running
        )
        yield


def stored(store: Engine, wanted: int) -> None:
    wait_until(lambda: count(store)[0] == wanted, f"{wanted} calls in the store", 40)


def quarantined(store: Engine) -> int:
    with reading(store) as session:
        return session.scalar(select(func.count()).select_from(QuarantineRow)) or 0


def migrate_under_load(store: Engine) -> int:
    """How many tries it took: one that meets a lock gives up, so that calls are not held."""
    for tries in range(1, 30):
        try:
            upgrade(store, lock_timeout_s=0.5)
        except UpgradeBlocked:
            continue
        return tries
    raise AssertionError("the upgrade never got its locks")


def told_while_it_migrates(store: Engine, node: Node) -> int:
    """Calls came before the migration, until it was done, and after. How many there are in all."""
    begun, migrated = threading.Event(), threading.Event()
    told = list(range(EACH))

    def traffic() -> None:
        last = 10**6
        while len(told) < last:
            node.tells(calls(len(told)))
            told.append(len(told))
            begun.set()
            if migrated.is_set() and last == 10**6:
                last = len(told) + EACH

    caller = threading.Thread(target=traffic)
    caller.start()
    try:
        assert begun.wait(20)
        migrate_under_load(store)
        assert current(store) == newest()
    finally:
        migrated.set()
        caller.join()
    return len(told)


def test_the_release_before_writes_on_while_the_new_one_migrates_and_after(
    before: Path, empty_store: Engine, node: Node, tmp_path: Path
) -> None:
    store = empty_store
    upgrade(store, revision_of(before))
    with old_forwarder(before, store, node, tmp_path):
        node.tells(calls(*range(EACH)))
        stored(store, EACH)
        many = told_while_it_migrates(store, node)
        stored(store, many)
        node.tells(calls(*range(many, many + EACH)))
        stored(store, many + EACH)
    assert quarantined(store) == 0
    every = many + EACH + 1
    node.tells(calls(every - 1))
    Forwarder(node.feeds(), store).drain()
    assert count(store) == (every, every, every * len(calls(1)))
    with reading(store) as session:
        outcomes = set(session.scalars(select(CallRow.outcome)))
    assert outcomes == {"talked-to-livelihood"}


def test_control_a_migration_that_contracts_stops_the_release_before(
    before: Path, empty_store: Engine, node: Node, tmp_path: Path
) -> None:
    store = empty_store
    upgrade(store, revision_of(before))
    with old_forwarder(before, store, node, tmp_path):
        node.tells(calls(1))
        stored(store, 1)
        upgrade(store)
        with store.execution_options(l110_writing=True).begin() as connection:
            connection.execute(text("ALTER TABLE calls DROP COLUMN trunk_free_ms"))
        node.tells(calls(2))
        log = tmp_path / "old.log"
        wait_until(lambda: "trunk_free_ms" in log.read_text(), "the old code to fail", 20)
        with store.connect() as connection:
            known = connection.execute(text("SELECT count(*) FROM calls")).scalar_one()
    assert known == 1
