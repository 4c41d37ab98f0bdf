"""Engines for both stores, and the two kinds of session: one that reads and one that writes."""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from sqlalchemy import URL, Connection, Engine, create_engine, event, make_url
from sqlalchemy.orm import Session

from db.deadline import DeadlineConnection

SQLITE_PRAGMAS = (
    "journal_mode=WAL",
    "synchronous=FULL",
    "foreign_keys=ON",
    "recursive_triggers=ON",  # otherwise INSERT OR REPLACE slips past the append-only triggers
)


GRACE_S = 1.0  # the server keeps its own timeout first: it says more about what was slow


class StoreUrlUnknown(ValueError):
    """The database URL is neither SQLite nor PostgreSQL."""


# A server that is asked by a node without power must not hold that node's locks for two hours,
# which is what its own TCP would do.
LINE = (
    "-c tcp_keepalives_idle=5 -c tcp_keepalives_interval=2 -c tcp_keepalives_count=2"
    " -c tcp_user_timeout=5000"
)


def make_engine(
    url: str, *, statement_timeout_s: float = 2.0, pool_size: int = 5, name: str = ""
) -> Engine:
    """An engine for `sqlite:///...` or `postgresql://...`. `name`: whose it is, for PostgreSQL.

    Raises:
        StoreUrlUnknown: any other scheme.
    """
    parsed = make_url(url)
    match parsed.get_backend_name():
        case "sqlite":
            return _sqlite(parsed, statement_timeout_s)
        case "postgresql":
            named = parsed.update_query_dict({"application_name": name}) if name else parsed
            return _postgresql(named, statement_timeout_s, pool_size)
        case other:
            raise StoreUrlUnknown(
                f"L110_DATABASE_URL begins with {other}: use sqlite:///FILE or postgresql://..."
            )


def store_name(engine: Engine) -> str:
    """For logs and messages: never with a password."""
    return public_url(engine.url)


def public_url(url: URL) -> str:
    """Without a password, wherever it stands: libpq takes it from the query too."""
    hidden = {key: "hidden" for key in url.query if "password" in key}
    return url.update_query_dict(hidden).render_as_string(hide_password=True)


@contextmanager
def reading(engine: Engine) -> Iterator[Session]:
    with Session(engine) as session:
        yield session


@contextmanager
def one_moment(engine: Engine) -> Iterator[Session]:
    """Reads everything as it was at the first question, however long the reading takes.

    SQLite does so in any transaction; PostgreSQL would else see what others commit meanwhile.
    """
    if engine.dialect.name == "postgresql":
        engine = engine.execution_options(isolation_level="REPEATABLE READ")
    with reading(engine) as session:
        yield session


@contextmanager
def writing(engine: Engine) -> Iterator[Session]:
    """One transaction, committed on leaving; SQLite takes its write lock at the beginning.

    Without that a reader that turns writer in mid-transaction is refused at once, not queued.
    """
    with Session(engine.execution_options(l110_writing=True)) as session, session.begin():
        session.connection()
        yield session


def _sqlite(url: URL, timeout_s: float) -> Engine:
    if url.database and url.database != ":memory:":
        Path(url.database).parent.mkdir(parents=True, exist_ok=True)
    engine = create_engine(url, connect_args={"timeout": timeout_s, "check_same_thread": False})
    event.listen(engine, "connect", _prepare_sqlite)
    event.listen(engine, "begin", _begin_sqlite)
    return engine


def _prepare_sqlite(connection: sqlite3.Connection, _record: object) -> None:
    connection.isolation_level = None  # we begin by ourselves: the driver would begin too late
    for pragma in SQLITE_PRAGMAS:
        connection.execute(f"PRAGMA {pragma}")


def _begin_sqlite(connection: Connection) -> None:
    writing = connection.get_execution_options().get("l110_writing", False)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writing else "BEGIN")


def _postgresql(url: URL, timeout_s: float, pool_size: int) -> Engine:
    timeout_ms = int(timeout_s * 1000)
    args: dict[str, Any] = {
        "connect_timeout": 2,  # whole seconds; libpq takes anything lower as 2
        "options": f"-c statement_timeout={timeout_ms} -c lock_timeout={timeout_ms}"
        f" -c timezone=UTC -c idle_in_transaction_session_timeout=10000 {LINE}",
        "keepalives_idle": 5,
        "keepalives_interval": 2,
        "keepalives_count": 2,
        "tcp_user_timeout": 5000,
    }
    engine = create_engine(
        url.set(drivername="postgresql+psycopg"),
        connect_args=args,
        pool_size=pool_size,
        max_overflow=0,
        pool_timeout=timeout_s,
        pool_pre_ping=True,
    )

    def connect(_dialect: object, _record: object, args: Any, named: Any) -> Any:  # noqa: ANN401
        connection = DeadlineConnection.connect(*args, **named)
        connection.deadline_s = timeout_s + GRACE_S
        return connection

    event.listen(engine, "do_connect", connect)
    return engine
