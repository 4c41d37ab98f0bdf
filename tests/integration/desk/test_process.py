"""`l110 desk` as a process: it serves, waits for its store, and ends when it is told to."""

import json
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

import httpx
import pytest

from db.engine import make_engine
from db.upgrade import upgrade
from scripts.asterisk_home import CHECKOUT
from scripts.lab.process import Process
from scripts.lab.waiting import wait_until

PASSWORD = "correct horse battery"
Start = Callable[..., Process]


@pytest.fixture
def port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@pytest.fixture
def config(tmp_path: Path, port: int) -> Path:
    file = tmp_path / "site.toml"
    file.write_text(f'var_dir = "{tmp_path}/var"\n[web]\nport = {port}\n')
    return file


@pytest.fixture
def start(config: Path, tmp_path: Path) -> Iterator[Start]:
    started = []

    def one(**environment: str) -> Process:
        command = [sys.executable, "-m", "scripts", "--config", str(config), "desk"]
        path = {"PYTHONPATH": str(CHECKOUT)}
        process = Process(command, tmp_path / "desk.log", {**path, **environment})
        started.append(process)
        return process

    yield one
    for process in started:
        process.stop()


def answers(port: int, page: str = "readyz") -> bool:
    try:
        return httpx.get(f"http://127.0.0.1:{port}/{page}", timeout=2).is_success
    except httpx.TransportError:
        return False


def serves(process: Process, port: int) -> None:
    wait_until(lambda: answers(port), "the desk", 30, alive=lambda: process.running)


def said(heard: socket.socket) -> Iterator[bytes]:
    """Until nobody has said anything for the socket's time."""
    with suppress(TimeoutError):
        while True:
            yield heard.recv(100)


def test_it_makes_its_tables_serves_and_ends_when_told(
    start: Start, port: int, config: Path, tmp_path: Path
) -> None:
    process = start()
    serves(process, port)
    words = "users", "add", "wang", "--role", "operator", "--own", "--password-stdin"
    subprocess.run(
        [sys.executable, "-m", "scripts", "--config", str(config), *words],
        input=PASSWORD, text=True, check=True, cwd=CHECKOUT,
    )  # fmt: skip
    given = {"name": "wang", "password": PASSWORD}
    answer = httpx.post(f"http://127.0.0.1:{port}/api/v1/session", json=given, timeout=20)
    assert answer.json()["roles"] == ["operator"]
    os.kill(process.pid, signal.SIGTERM)
    wait_until(lambda: not process.running, "the desk to end", 10)
    events = [
        json.loads(line)["event"]
        for line in (tmp_path / "desk.log").read_text().splitlines()
        if line.startswith("{")
    ]
    assert events[-1] == "desk.stopped"


def test_it_says_that_it_lives_out_of_the_loop_that_serves(
    start: Start, port: int, tmp_path: Path
) -> None:
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as heard:
        heard.bind(str(tmp_path / "n"))
        heard.settimeout(30)
        process = start(NOTIFY_SOCKET=str(tmp_path / "n"), WATCHDOG_USEC="600000")
        assert heard.recv(100) == b"READY=1"
        serves(process, port)
        for _ in range(3):
            assert heard.recv(100) == b"WATCHDOG=1"
        os.kill(process.pid, signal.SIGSTOP)
        heard.settimeout(1.5)
        assert 0 <= len(list(said(heard))) < 5
        os.kill(process.pid, signal.SIGCONT)


def test_a_port_that_is_taken_is_said_so(start: Start, port: int, tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", port)):
        process = start()
        wait_until(lambda: not process.running, "the desk to end", 30)
    assert '"event": "desk.no_port"' in (tmp_path / "desk.log").read_text()


def test_it_waits_for_a_store_that_is_away(
    start: Start, port: int, config: Path, tmp_path: Path
) -> None:
    blocked = tmp_path / "var"
    blocked.write_text("not a folder")
    config.write_text(
        f'database_url = "sqlite:///{blocked}/store.sqlite3"\nvar_dir = "{tmp_path}/var2"\n'
        f"[web]\nport = {port}\n"
    )
    process = start()
    log = tmp_path / "desk.log"
    wait_until(lambda: '"event": "store.down"' in log.read_text(), "its word", 30)
    assert process.running
    blocked.unlink()
    upgrade_engine = make_engine(f"sqlite:///{blocked}/store.sqlite3")
    upgrade(upgrade_engine)
    upgrade_engine.dispose()
    serves(process, port)
