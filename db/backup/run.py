"""Makes a backup of a store while calls go on, and restores one into a store that is empty."""

import tempfile
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from sqlalchemy import Engine
from sqlalchemy.exc import DBAPIError

from db.backup import postgresql, sqlite
from db.backup.archive import DATA, Manifest, pack, read_manifest, sha256_of, unpack
from db.backup.contents import Content, contents, holds_records
from db.backup.errors import (
    BackupOfAnotherKind,
    BackupTooNew,
    NothingToBackUp,
    RestoreDiffers,
    StoreNotEmpty,
)
from db.engine import make_engine, public_url
from db.journal_file import RELEASE
from db.upgrade import current, revisions, upgrade

PATIENCE_S = 6 * 3600.0  # a large store is read for long, and holds nobody up


@dataclass(frozen=True, slots=True)
class Restored:
    """revision: of the tables now. aside: where the SQLite file that was there is now."""

    manifest: Manifest
    revision: str
    aside: Path | None


def back_up(url: str, target: Path) -> tuple[Path, Manifest]:
    """`target`: a file, or a folder that exists, in which the file gets its name by the time.

    Raises:
        BackupRefused: the message says why and what to do.
    """
    engine = make_engine(url, statement_timeout_s=PATIENCE_S)
    now = datetime.now(UTC)
    path = target / f"l110-store-{now:%Y%m%dT%H%M%SZ}.tar" if target.is_dir() else target
    try:
        revision = _revision(engine)
        with tempfile.TemporaryDirectory(prefix=".l110-backup-", dir=path.parent) as folder:
            data = Path(folder) / DATA
            with engine.connect() as connection:
                tables = _of(engine).dump(connection, data)
            size, digest = data.stat().st_size, sha256_of(data)
            manifest = Manifest(
                made_at=now.isoformat(timespec="seconds"),
                release=RELEASE,
                revision=revision,
                kind=engine.dialect.name,
                store=public_url(engine.url),
                tables=tables,
                sha256=digest,
                size=size,
            )
            pack(manifest, data, path)
    finally:
        engine.dispose()
    return path, manifest


def restore(path: Path, url: str, *, replace: bool = False) -> Restored:
    """Into the store that `url` names; then its tables are brought to this release.

    `replace`: what is there goes (a SQLite file is moved aside).

    Raises:
        BackupRefused: the message says why and what to do.
    """
    manifest = read_manifest(path)
    if manifest.revision not in revisions():
        raise BackupTooNew(
            f"{path} was made by a newer release ({manifest.release}, tables of revision"
            f" {manifest.revision}): restore it with that release."
        )
    engine = make_engine(url, statement_timeout_s=PATIENCE_S)
    try:
        return _restored(path, manifest, engine, replace=replace)
    finally:
        engine.dispose()


def _restored(path: Path, manifest: Manifest, engine: Engine, *, replace: bool) -> Restored:
    if manifest.kind != engine.dialect.name:
        raise BackupOfAnotherKind(
            f"{path} is of {manifest.kind} and the store is {engine.dialect.name}: set"
            " database_url to a store of that kind."
        )
    _of(engine).refuse_in_use(engine)
    tables = _refuse_full(engine, replace=replace)
    aside = None
    beside = Path(str(engine.url.database)).parent if manifest.kind == "sqlite" else None
    with tempfile.TemporaryDirectory(prefix=".l110-restore-", dir=beside) as folder:
        data = Path(folder) / DATA
        unpack(path, manifest, data)
        if manifest.kind == "sqlite":
            _compare(manifest, sqlite.look(data))
            aside = sqlite.put_back(engine, data)
        else:
            postgresql.put_back(engine, data, clear=tables)
    with engine.connect() as connection:
        _compare(manifest, contents(connection))
    return Restored(manifest, upgrade(engine), aside)


def _of(engine: Engine):  # type: ignore[no-untyped-def]  # noqa: ANN202  one of two modules
    return sqlite if engine.dialect.name == "sqlite" else postgresql


def _revision(engine: Engine) -> str:
    try:
        path = engine.url.database
        gone = engine.dialect.name == "sqlite" and not (path and Path(path).exists())
        revision = None if gone else current(engine)
    except DBAPIError as fault:
        said = str(fault.orig).splitlines()[0]
        raise NothingToBackUp(f"{public_url(engine.url)} is away: {said}. Start it.") from fault
    if revision is None:
        raise NothingToBackUp(
            f"{public_url(engine.url)} has no tables: look at database_url (`l110 config show`)."
        )
    return revision


def _refuse_full(engine: Engine, *, replace: bool) -> bool:
    """Whether there are tables. Raises StoreNotEmpty."""
    with engine.connect() as connection:
        if holds_records(connection) and not replace:
            raise StoreNotEmpty(
                f"{public_url(engine.url)} has records: restore into an empty store, or say"
                " --replace if they may go (back them up first)."
            )
    return current(engine) is not None


def _compare(manifest: Manifest, found: dict[str, Content]) -> None:
    wrong = sorted(
        name for name in {*manifest.tables, *found} if manifest.tables.get(name) != found.get(name)
    )
    if wrong:
        raise RestoreDiffers(
            f"after the restore these tables are not as they were backed up: {', '.join(wrong)}."
            " Do not use this store; try another backup."
        )
