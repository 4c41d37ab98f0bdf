"""A backup is one state of the store, and a restored store comes to the same calls again."""

import json
import stat
import subprocess
import tarfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner
from sqlalchemy import Engine, select

from config.settings import load_settings
from db.backup import postgresql
from db.backup.archive import read_manifest
from db.backup.errors import (
    BackupDamaged,
    BackupOfAnotherKind,
    BackupTooNew,
    NothingToBackUp,
    RestoreDiffers,
    StoreInUse,
    StoreNotEmpty,
    ToolMissing,
)
from db.backup.run import back_up, restore
from db.engine import make_engine, reading
from db.forwarder import Forwarder
from db.models import CallStepRow
from db.upgrade import newest, upgrade
from scripts.cli.context import Site
from scripts.cli.records import db
from tests.integration.store.copies import counts, url_of
from tests.integration.store.test_forwarder import Node, calls

AFTER = 30  # calls at least before the backup, and after it


@pytest.fixture
def node(tmp_path: Path) -> Iterator[Node]:
    node = Node(tmp_path)
    yield node
    node.close()


def test_a_backup_says_what_it_has_and_is_its_owners_alone(
    store: Engine, node: Node, tmp_path: Path
) -> None:
    node.tells(calls(1, 2))
    Forwarder(node.feeds(), store).drain()
    path, manifest = back_up(url_of(store), tmp_path / "b.tar")
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert read_manifest(path) == manifest
    assert manifest.tables["calls"].rows == 2
    assert manifest.revision == newest()
    assert [p.name for p in tmp_path.iterdir() if "backup" in p.name or ".part" in p.name] == []


def test_a_store_with_records_is_restored_over_only_when_asked(
    store: Engine, node: Node, tmp_path: Path
) -> None:
    node.tells(calls(1))
    Forwarder(node.feeds(), store).drain()
    path, _ = back_up(url_of(store), tmp_path / "b.tar")
    node.tells(calls(2))
    Forwarder(node.feeds(), store).drain()
    store.dispose()
    with pytest.raises(StoreNotEmpty, match="--replace"):
        restore(path, url_of(store))
    assert counts(url_of(store))[0] == 2
    done = restore(path, url_of(store), replace=True)
    assert counts(url_of(store))[0] == 1
    assert (done.aside is not None) == (store.dialect.name == "sqlite")


def test_tables_without_a_row_are_an_empty_store(
    store: Engine, node: Node, tmp_path: Path, another: Callable[[], str]
) -> None:
    node.tells(calls(1))
    Forwarder(node.feeds(), store).drain()
    path, _ = back_up(url_of(store), tmp_path / "b.tar")
    url = another()
    engine = make_engine(url)
    upgrade(engine)
    engine.dispose()
    restore(path, url)
    assert counts(url)[0] == 1


def test_a_damaged_backup_is_refused_and_changes_nothing(
    store: Engine, node: Node, tmp_path: Path, another: Callable[[], str]
) -> None:
    node.tells(calls(1))
    Forwarder(node.feeds(), store).drain()
    path, _ = back_up(url_of(store), tmp_path / "b.tar")
    whole = path.read_bytes()
    with tarfile.open(path) as tar:
        at = tar.getmember("store").offset_data + 600
    url = another()
    for bad in (whole[:at] + bytes([whole[at] ^ 1]) + whole[at + 1 :], whole[:at], b"", b"x" * 99):
        path.write_bytes(bad)
        with pytest.raises(BackupDamaged, match="another backup"):
            restore(path, url)
    engine = make_engine(url)
    with engine.connect() as connection:
        assert not engine.dialect.has_table(connection, "calls")
    engine.dispose()


def changed(path: Path, **told: object) -> None:
    """The same backup with another manifest."""
    with tarfile.open(path) as tar:
        manifest = json.loads(tar.extractfile("manifest.json").read())  # type: ignore[union-attr]
        data = tar.extractfile("store").read()  # type: ignore[union-attr]
    folder = path.with_suffix(".d")
    folder.mkdir()
    (folder / "manifest.json").write_text(json.dumps({**manifest, **told}))
    (folder / "store").write_bytes(data)
    with tarfile.open(path, "w") as tar:
        for name in ("manifest.json", "store"):
            tar.add(folder / name, name)


@pytest.mark.parametrize(
    ("told", "refused"),
    [
        ({"revision": "9999", "release": "7.7"}, BackupTooNew),
        ({"kind": "another"}, BackupOfAnotherKind),
        ({"tables": {"calls": {"rows": 5, "digest": "00"}}}, RestoreDiffers),
    ],
)
def test_a_backup_that_does_not_fit_is_refused_by_name(
    store: Engine,
    tmp_path: Path,
    another: Callable[[], str],
    told: dict[str, object],
    refused: type[Exception],
) -> None:
    path, _ = back_up(url_of(store), tmp_path / "b.tar")
    changed(path, **told)
    with pytest.raises(refused):
        restore(path, another())


def test_a_store_whose_forwarder_runs_is_not_restored_over(
    store: Engine, tmp_path: Path, another: Callable[[], str]
) -> None:
    path, _ = back_up(url_of(store), tmp_path / "b.tar")
    url = another()
    engine = make_engine(url, name="l110-forward-n9")
    upgrade(engine)
    if store.dialect.name == "sqlite":
        with Path(str(engine.url.database)).open() as file:
            holder = subprocess.Popen(["sleep", "60"], stdin=file)
        try:
            with pytest.raises(StoreInUse, match=f"process {holder.pid}"):
                restore(path, url)
        finally:
            holder.kill()
            holder.wait()
    else:
        with engine.connect(), pytest.raises(StoreInUse, match="l110-forward-n9"):
            restore(path, url)
    engine.dispose()
    restore(path, url)


def test_a_store_without_tables_is_nothing_to_back_up(empty_store: Engine, tmp_path: Path) -> None:
    with pytest.raises(NothingToBackUp, match="database_url"):
        back_up(url_of(empty_store), tmp_path / "b.tar")


def test_a_missing_client_tool_is_named_with_its_mend(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(postgresql, "DEBIAN", "/nowhere/")
    monkeypatch.setenv("PATH", "/nowhere")
    with pytest.raises(ToolMissing, match="postgresql-client"):
        postgresql.need("pg_dump")


def test_a_password_is_told_to_the_tools_by_no_argument(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    seen: list[tuple[list[str], str]] = []

    def record(command: list[str], *, env: dict[str, str], **_: object) -> object:
        seen.append((command, env["PGPASSWORD"]))
        return subprocess.CompletedProcess(command, 0)

    monkeypatch.setattr(subprocess, "run", record)
    engine = make_engine(
        "postgresql://l110:s3cret@/l110?host=127.0.0.1:1&host=127.0.0.2:2"
        "&target_session_attrs=read-write"
    )
    postgresql.put_back(engine, tmp_path / "store", clear=False)
    ((command, password),) = seen
    assert password == "s3cret"
    assert not [word for word in command if "s3cret" in word]
    (conninfo,) = [word for word in command if word.startswith("--dbname=")]
    assert "host=127.0.0.1,127.0.0.2" in conninfo
    assert "port=1,2" in conninfo
    assert "target_session_attrs=read-write" in conninfo


def test_the_commands_back_up_and_restore(
    store: Engine,
    node: Node,
    tmp_path: Path,
    another: Callable[[], str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    node.tells(calls(1))
    Forwarder(node.feeds(), store).drain()

    def l110(url: str, *words: str) -> tuple[int, str]:
        monkeypatch.setenv("L110_DATABASE_URL", url)
        site = Site()
        assert site.settings == load_settings()
        done = CliRunner().invoke(db, words, obj=site)
        return done.exit_code, done.output

    file = str(tmp_path / "b.tar")
    status, said = l110(url_of(store), "backup", file)
    assert (status, "1 calls" in said) == (0, True)
    status, said = l110(another(), "restore", file, "--json")
    assert (status, json.loads(said)["rows"]["calls"]) == (0, 1)
    status, said = l110(url_of(store), "restore", file)
    assert (status, "--replace" in said) == (1, True)


def test_steps_of_a_backup_are_as_they_were(
    store: Engine, node: Node, tmp_path: Path, another: Callable[[], str]
) -> None:
    node.tells(calls(1, 2, 3))
    Forwarder(node.feeds(), store).drain()
    path, _ = back_up(url_of(store), tmp_path / "b.tar")
    url = another()
    restore(path, url)
    engine = make_engine(url)
    query = select(CallStepRow.event_id, CallStepRow.data).order_by(CallStepRow.event_id)
    with reading(engine) as new, reading(store) as old:
        assert new.execute(query).all() == old.execute(query).all()
    engine.dispose()
