"""A node starts without its store, and catches up by itself."""

import json
import os
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from sqlalchemy import text
from structlog.testing import capture_logs

from config.settings import ROOT, load_settings
from db.engine import make_engine
from db.upgrade import StoreTooNew, current, newest, upgrade
from scripts.cli import ports, running
from scripts.store import StoreAway, StoreRefused, await_store, ready_store

NOBODY = "postgresql://l110:s3cret@127.0.0.1:1/l110"


def newer_store(folder: Path) -> str:
    url = f"sqlite:///{folder}/newer.sqlite3"
    engine = make_engine(url)
    upgrade(engine)
    with engine.begin() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    engine.dispose()
    return url


@pytest.fixture
def prepare(tmp_path, monkeypatch) -> Callable[[str], list[str]]:
    """Everything but the store is well."""
    monkeypatch.setenv("L110_VAR_DIR", str(tmp_path / "var"))
    monkeypatch.setattr(running, "find_program", lambda: None)
    monkeypatch.setattr(running, "render", lambda _: None)
    monkeypatch.setattr(ports, "ports_of", lambda _: [])

    def call(url: str) -> list[str]:
        monkeypatch.setenv("L110_DATABASE_URL", url)
        return running.prepare(load_settings())

    return call


def test_a_store_that_is_there_is_brought_to_this_release_without_a_word(prepare, tmp_path):
    assert prepare(f"sqlite:///{tmp_path}/s.sqlite3") == []
    engine = make_engine(f"sqlite:///{tmp_path}/s.sqlite3")
    assert current(engine) == newest()
    engine.dispose()


def test_a_store_that_is_away_is_a_warning_and_no_refusal(prepare):
    (warning,) = prepare(NOBODY)
    assert "the store is away: " in warning
    assert "the journal holds them until it is back" in warning
    assert "s3cret" not in warning


def test_a_store_that_is_no_database_is_a_warning_too(prepare, tmp_path):
    (tmp_path / "s.sqlite3").write_bytes(b"this is no database" * 100)
    (warning,) = prepare(f"sqlite:///{tmp_path}/s.sqlite3")
    assert "the store is away: " in warning


def test_a_store_of_a_newer_release_is_refused(prepare, tmp_path):
    with pytest.raises(running.NotStarted, match=r"newer release \(revision 9999\)"):
        prepare(newer_store(tmp_path))


@pytest.mark.parametrize("url", ["mysql://u@h/d", "nonsense"])
def test_a_url_that_names_no_store_is_refused(prepare, url):
    with pytest.raises(running.NotStarted, match="the store cannot be used: database_url: "):
        prepare(url)


def test_a_node_whose_calls_would_not_be_on_record_is_refused(prepare, monkeypatch, tmp_path):
    monkeypatch.setenv("L110_RECORDS__CEL_FILE", str(tmp_path / "elsewhere.jsonl"))
    with pytest.raises(running.NotStarted, match="would not be on record"):
        prepare("")


def test_an_upgrade_never_touches_the_tables_of_a_newer_release(tmp_path):
    engine = make_engine(newer_store(tmp_path))
    with pytest.raises(StoreTooNew):
        upgrade(engine)
    engine.dispose()


def test_a_frozen_server_holds_nobody_for_long():
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        with pytest.raises(StoreAway, match="timeout"):
            ready_store(f"postgresql://l110@127.0.0.1:{port}/l110")


def test_a_folder_that_cannot_be_made_is_a_store_that_is_away(tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(StoreAway):
        ready_store(f"sqlite:///{tmp_path}/file/below/s.sqlite3")


def test_the_forwarder_tells_each_change_of_the_store_once(tmp_path, monkeypatch):
    answers: list[Exception | None] = [StoreAway("a"), StoreAway("a"), StoreRefused("b"), None]
    ready = make_engine(f"sqlite:///{tmp_path}/s.sqlite3")

    def look(_url: str, _name: str = "") -> object:
        if answer := answers.pop(0):
            raise answer
        return ready

    monkeypatch.setattr("scripts.store.ready_store", look)
    with capture_logs() as logs:
        assert await_store("", threading.Event(), backoff_s=(0.001, 0.002)) is ready
    assert [entry["event"] for entry in logs] == ["store.down", "store.refused", "store.up"]
    ready.dispose()


def test_who_is_asked_to_stop_waits_for_no_store():
    stop = threading.Event()
    threading.Timer(0.2, stop.set).start()
    assert await_store(NOBODY, stop, backoff_s=(60, 60)) is None


@pytest.fixture
def forwarder(tmp_path) -> Iterator[Callable[[str], subprocess.Popen[str]]]:
    started = []

    def start(url: str) -> subprocess.Popen[str]:
        places = {"L110_VAR_DIR": str(tmp_path / "var"), "L110_DATABASE_URL": url}
        process = subprocess.Popen(
            [sys.executable, "-m", "scripts", "forward"],
            cwd=ROOT,
            env={**os.environ, **places},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        started.append(process)
        return process

    yield start
    for process in started:
        process.kill()
        process.communicate()


def await_event(process: subprocess.Popen[str], name: str) -> None:
    assert process.stdout
    for line in process.stdout:
        if line.startswith("{") and json.loads(line)["event"] == name:
            return
    pytest.fail(f"the forwarder ended and never told {name}")


def test_a_forwarder_without_its_store_ends_at_once_when_told_to(forwarder):
    process = forwarder(NOBODY)
    await_event(process, "store.down")
    process.send_signal(signal.SIGTERM)
    assert process.wait(5) == 0


def test_a_forwarder_makes_the_tables_when_its_store_comes_back(forwarder, tmp_path):
    place = tmp_path / "disk"
    place.touch()  # where the store's folder belongs: it cannot be opened
    process = forwarder(f"sqlite:///{place}/s.sqlite3")
    await_event(process, "store.down")
    place.unlink()
    await_event(process, "store.up")
    engine = make_engine(f"sqlite:///{place}/s.sqlite3")
    assert current(engine) == newest()
    engine.dispose()
