"""A SQLite store: copied by its own backup while others write, and put back as a whole file."""

import os
import sqlite3
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

from sqlalchemy import Connection, Engine, create_engine

from db.backup.contents import Content, contents
from db.backup.errors import BackupDamaged, StoreInUse

BESIDE = ("", "-wal", "-shm")


def dump(connection: Connection, target: Path) -> dict[str, Content]:
    """One state of the store: in WAL mode a reader of all pages holds up no writer."""
    source = connection.connection.dbapi_connection
    assert isinstance(source, sqlite3.Connection)
    with closing(sqlite3.connect(target)) as copy:
        source.backup(copy)
        copy.execute("PRAGMA journal_mode=DELETE")
    target.chmod(0o600)
    return look(target)


def look(path: Path) -> dict[str, Content]:
    """Raises BackupDamaged: SQLite itself finds fault with it."""
    engine = create_engine(f"sqlite:///{path}")
    try:
        with engine.connect() as connection:
            found = connection.exec_driver_sql("PRAGMA integrity_check").scalar_one()
            if found != "ok":
                raise BackupDamaged(f"{path}: {found}")
            return contents(connection)
    finally:
        engine.dispose()


def put_back(engine: Engine, data: Path) -> Path | None:
    """`data` takes the store's place; what was there is moved aside, and its new name returned."""
    path = Path(str(engine.url.database))
    path.parent.mkdir(parents=True, exist_ok=True)
    engine.dispose()
    aside = _move_aside(path)
    data.replace(path)
    return aside


def refuse_in_use(engine: Engine) -> None:
    """Raises StoreInUse: who has the old file open would go on with that."""
    engine.dispose()
    wanted = {f"{engine.url.database}{end}" for end in BESIDE}
    for process in Path("/proc").glob("[0-9]*"):
        if process.name != str(os.getpid()) and wanted & _open_files(process):
            raise StoreInUse(
                f"{engine.url.database} is open in process {process.name}: end it first"
                ' (the forwarder\'s place is docs/runbook.md, "Restore").'
            )


def _open_files(process: Path) -> set[str]:
    found = set()
    try:
        for link in (process / "fd").iterdir():
            found.add(str(link.readlink()))
    except OSError:  # another user's, or it is ending
        return found
    return found


def _move_aside(path: Path) -> Path | None:
    if not path.exists():
        return None
    stamp = f"{datetime.now(UTC):%Y%m%dT%H%M%SZ}"
    aside = path.with_name(f"{path.name}.replaced-{stamp}")
    for end in BESIDE:
        part = Path(f"{path}{end}")
        if part.exists():
            part.rename(f"{aside}{end}")
    return aside
