"""A store that lacks a right or a column, is read-only or full: steps wait, none is given up."""

import shutil
import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager, suppress
from pathlib import Path

import psycopg
import pytest
from sqlalchemy import Engine, event, func, select, text
from sqlalchemy.exc import SQLAlchemyError

from db import forwarder
from db.engine import make_engine, reading, writing
from db.forwarder import Forwarder
from db.models import CallRow, QuarantineRow
from db.upgrade import upgrade
from scripts.chaos.findings import Finding
from scripts.lab.postgres import PostgresServer
from tests.integration.store.made import livelihood_call
from tests.integration.store.test_forwarder import Node
from tests.small_disk import small_disk

TAKEN = "ALTER TABLE calls RENAME COLUMN forced_by TO taken_away"
GIVEN_BACK = "ALTER TABLE calls RENAME COLUMN taken_away TO forced_by"


def do(store: Engine, statement: str) -> None:
    with writing(store) as session:
        session.execute(text(statement))


def count(store: Engine, row: type) -> int:
    with reading(store) as session:
        return session.scalar(select(func.count()).select_from(row)) or 0


def test_a_column_that_is_missing_costs_no_step(store: Engine, tmp_path: Path) -> None:
    node = Node(tmp_path)
    node.tells(livelihood_call(1))
    do(store, TAKEN)
    with pytest.raises(SQLAlchemyError):
        Forwarder(node.feeds(), store).drain()
    assert count(store, QuarantineRow) == 0
    do(store, GIVEN_BACK)
    Forwarder(node.feeds(), store).drain()
    node.close()
    assert (count(store, CallRow), count(store, QuarantineRow)) == (1, 0)


def test_control_taken_for_the_steps_fault_they_are_given_up(
    postgres: PostgresServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = make_engine(postgres.new_database("gives_up"))
    upgrade(store)
    node = Node(tmp_path)
    node.tells(livelihood_call(1))
    do(store, TAKEN)
    monkeypatch.setattr(forwarder, "_is_the_stores", lambda fault: False)
    Forwarder(node.feeds(), store).drain()
    node.close()
    given_up = count(store, QuarantineRow)
    store.dispose()
    assert given_up > 0


@contextmanager
def every_connection(store: Engine, pragma: str) -> Iterator[None]:
    """Of SQLite begins with this."""

    def begin(connection: object, _record: object) -> None:
        connection.execute(f"PRAGMA {pragma}")  # type: ignore[attr-defined]

    store.dispose()
    event.listen(store, "connect", begin)
    yield
    event.remove(store, "connect", begin)
    store.dispose()


@contextmanager
def database_setting(store: Engine, setting: str) -> Iterator[None]:
    name = store.url.database
    with psycopg.connect(_plain(store), autocommit=True) as admin:
        admin.execute(f'ALTER DATABASE "{name}" SET {setting}')
        store.dispose()
        yield
        admin.execute(f'ALTER DATABASE "{name}" RESET ALL')
        store.dispose()


def _plain(store: Engine) -> str:
    return store.url.set(drivername="postgresql").render_as_string(hide_password=False)


@contextmanager
def read_only(store: Engine) -> Iterator[None]:
    if store.dialect.name == "sqlite":
        with every_connection(store, "query_only = ON"):
            yield
    else:
        with database_setting(store, "default_transaction_read_only = on"):
            yield


@contextmanager
def full(store: Engine) -> Iterator[None]:
    """No page more: by SQLite's own limit, or on a disk that is filled."""
    if store.dialect.name == "sqlite":
        with every_connection(store, "max_page_count = 1"):
            yield
        return
    disk = Path(tempfile.mkdtemp(prefix="l110-full-"))  # whose parents the server may enter
    with small_disk(disk, 8), psycopg.connect(_plain(store), autocommit=True) as admin:
        shutil.chown(disk, "postgres")
        admin.execute(f"CREATE TABLESPACE small LOCATION '{disk}'")
        admin.execute("ALTER TABLE call_steps SET TABLESPACE small")
        filler = disk / "filler"
        fill(filler)
        yield
        filler.unlink()
        admin.execute("ALTER TABLE call_steps SET TABLESPACE pg_default")
        admin.execute("DROP TABLESPACE small")
    disk.rmdir()


def fill(file: Path) -> None:
    with suppress(OSError), file.open("wb", buffering=0) as filler:
        while filler.write(bytes(4096)) == 4096:
            pass


Refusal = Callable[[Engine], AbstractContextManager[None]]
SAYS: Mapping[tuple[Refusal, str], str] = {
    (read_only, "sqlite"): "readonly database",
    (read_only, "postgresql"): "read-only transaction",
    (full, "sqlite"): "database or disk is full",
    (full, "postgresql"): "No space left on device",
}
MANY = 60


@pytest.mark.fault("33", how="a store that is read-only, and one that is full, on both stores")
@pytest.mark.parametrize("refuses", [read_only, full])
def test_a_store_that_takes_nothing_costs_no_step(
    store: Engine, tmp_path: Path, refuses: Refusal, told: Finding
) -> None:
    node = Node(tmp_path)
    node.tells(livelihood_call(1))
    Forwarder(node.feeds(), store).drain()
    node.tells([step for n in range(2, MANY) for step in livelihood_call(n)])
    with (
        refuses(store),
        pytest.raises(SQLAlchemyError, match=SAYS[refuses, store.dialect.name]),
    ):
        Forwarder(node.feeds(), store).drain()
    assert count(store, QuarantineRow) == 0
    Forwarder(node.feeds(), store).drain()
    node.close()
    assert (count(store, CallRow), count(store, QuarantineRow)) == (MANY - 1, 0)
    kind = f"{store.dialect.name}, {refuses.__name__.replace('_', '-')}"
    told.records.append(f"{kind}: {MANY - 1} of {MANY - 1} calls stored once it took them again")
