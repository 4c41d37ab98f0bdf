"""A PostgreSQL store: pg_dump on a snapshot that we count in too, pg_restore in one transaction.

The password goes through the tools' environment, never through their arguments.
"""

import os
import shutil
import subprocess
from pathlib import Path

from psycopg.conninfo import make_conninfo
from sqlalchemy import URL, Connection, Engine, text

from db.backup.contents import Content, contents
from db.backup.errors import StoreInUse, ToolFailed, ToolMissing

DEBIAN = "/usr/lib/postgresql/*/bin/"
LOCK_WAIT_MS = 10_000


def dump(connection: Connection, target: Path) -> dict[str, Content]:
    """`connection` stands at its beginning; its transaction is the one that is dumped."""
    connection.execute(text("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY"))
    connection.execute(text("SET LOCAL idle_in_transaction_session_timeout = 0"))
    snapshot = connection.execute(text("SELECT pg_export_snapshot()")).scalar_one()
    _run(
        "pg_dump",
        connection.engine.url,
        "--format=custom",
        "--no-owner",
        "--no-privileges",
        f"--snapshot={snapshot}",
        f"--lock-wait-timeout={LOCK_WAIT_MS}",
        f"--file={target}",
    )
    target.chmod(0o600)
    return contents(connection)


def put_back(engine: Engine, data: Path, *, clear: bool) -> None:
    """All of it or nothing. `clear`: what is there goes in the same transaction."""
    engine.dispose()
    cleared = ("--clean", "--if-exists") if clear else ()
    _run(
        "pg_restore",
        engine.url,
        "--no-owner",
        "--no-privileges",
        "--single-transaction",
        "--exit-on-error",
        *cleared,
        str(data),
    )


def refuse_in_use(engine: Engine) -> None:
    """Raises StoreInUse: a forwarder or a worker of any node is connected."""
    query = text(
        "SELECT DISTINCT application_name FROM pg_stat_activity"
        " WHERE datname = current_database()"
        " AND (application_name LIKE 'l110-forward-%' OR application_name LIKE 'l110-worker-%')"
    )
    with engine.connect() as connection:
        names = connection.execute(query).scalars().all()
    engine.dispose()
    if names:
        raise StoreInUse(
            f"{', '.join(sorted(names))} still writes to it: stop each node's forwarder and worker"
            ' first (docs/runbook.md, "Restore"); calls go on without it.'
        )


def need(name: str) -> str:
    """Raises ToolMissing."""
    newest = sorted(Path("/").glob(f"{DEBIAN.lstrip('/')}{name}"), key=_version)
    found = str(newest[-1]) if newest else shutil.which(name)
    if found is None:
        raise ToolMissing(
            f"{name} is not here: `apt-get install postgresql-client` brings it; it must not be"
            " older than the server."
        )
    return found


def _version(path: Path) -> int:
    number = path.parts[-3]
    return int(number) if number.isdecimal() else 0


def _run(name: str, url: URL, *args: str) -> None:
    said, password = _conninfo(url)
    environment = {**os.environ, **({"PGPASSWORD": password} if password else {})}
    command = [need(name), "--no-password", f"--dbname={said}", *args]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    if done.returncode:
        why = (done.stderr.strip() or f"exit status {done.returncode}").splitlines()
        raise ToolFailed(f"{name}: {'; '.join(why[:3])}. Nothing was changed.")


def _conninfo(url: URL) -> tuple[str, str | None]:
    """What libpq is told, without the password; and the password."""
    _, options = url.get_dialect()().create_connect_args(url)
    password = options.pop("password", None)
    options.pop("context", None)
    return make_conninfo(**options), password
