"""Brings a store to this release's tables; safe to run again and from two places at once."""

import threading
from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, Engine, text
from sqlalchemy.exc import OperationalError

from db.deadline import DeadlineConnection
from db.engine import store_name

MIGRATIONS = Path(__file__).parent / "migrations"
UPGRADE_S = 60
IN_THIS_PROCESS = threading.Lock()  # Alembic keeps its context in a module
ONE_AT_A_TIME = 110_110_110  # key of PostgreSQL's advisory lock


class UpgradeBlocked(RuntimeError):
    """Somebody holds a table: the upgrade gave up, so that calls are not queued behind it."""


class StoreTooNew(RuntimeError):
    """A newer release made the store's tables; this one must not touch them."""

    def __init__(self, revision: str) -> None:
        super().__init__(
            f"its tables are of a newer release (revision {revision}): start that release"
        )
        self.revision = revision


def upgrade(engine: Engine, revision: str = "head", *, lock_timeout_s: float = 3.0) -> str:
    """Returns the revision that the store has now.

    Raises:
        UpgradeBlocked: a lock could not be had in time; nothing was changed.
        StoreTooNew: likewise.
    """
    config = _config()
    writing = engine.execution_options(l110_writing=True)
    try:
        with writing.begin() as connection:
            if connection.dialect.name == "postgresql":
                lock_ms = int(lock_timeout_s * 1000)
                _allow(connection, UPGRADE_S + 5)
                connection.execute(text(f"SET LOCAL statement_timeout = '{UPGRADE_S}s'"))
                connection.execute(text(f"SET LOCAL lock_timeout = {lock_ms}"))
                connection.execute(text(f"SELECT pg_advisory_xact_lock({ONE_AT_A_TIME})"))
            _refuse_newer(connection)
            config.attributes["connection"] = connection
            with IN_THIS_PROCESS:
                command.upgrade(config, revision)
    except OperationalError as fault:
        raise UpgradeBlocked(
            f"{store_name(engine)} was not upgraded: {fault.orig}. Run `l110 db upgrade` again"
            " when nobody holds its tables."
        ) from fault
    if engine.dialect.name == "postgresql":
        engine.dispose()  # its connections have an upgrade's patience
    return current(engine) or ""


def _refuse_newer(connection: Connection) -> None:
    found = MigrationContext.configure(connection).get_current_revision()
    if found is not None and found not in revisions():
        raise StoreTooNew(found)


def _allow(connection: Connection, seconds: float) -> None:
    driver = connection.connection.dbapi_connection
    if isinstance(driver, DeadlineConnection):
        driver.deadline_s = seconds


def current(engine: Engine) -> str | None:
    """The store's revision; None for an empty store."""
    with engine.connect() as connection:
        return MigrationContext.configure(connection).get_current_revision()


def newest() -> str:
    """The revision that this release needs."""
    return ScriptDirectory.from_config(_config()).get_current_head() or ""


def revisions() -> list[str]:
    """Oldest first."""
    scripts = ScriptDirectory.from_config(_config()).walk_revisions()
    return [script.revision for script in scripts][::-1]


def _config() -> Config:
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS).replace("%", "%%"))
    config.set_main_option("path_separator", "os")
    return config
