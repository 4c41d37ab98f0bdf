"""Both stores: a SQLite file, and a PostgreSQL server of our own for as long as the tests run."""

import os
import shutil
import socket
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import Engine, create_engine, text

from db.engine import make_engine
from db.upgrade import upgrade


class PostgresServer:
    """A cluster in a temporary folder, on a free port of the loopback; stopped by its own pid."""

    def __init__(self, folder: Path, binaries: Path) -> None:
        self.folder = folder
        self.port = _free_port()
        self._binaries = binaries
        self._run("initdb", "-D", str(folder / "data"), "-U", "l110", "-A", "trust", "-E", "UTF8")

    def start(self) -> None:
        options = (
            f"-p {self.port} -c listen_addresses=127.0.0.1 -c fsync=off"
            f" -c unix_socket_directories={self.folder}"
        )
        data, log = str(self.folder / "data"), str(self.folder / "log")
        self._run("pg_ctl", "-D", data, "-l", log, "-w", "-o", options, "start")

    def stop(self) -> None:
        self._run("pg_ctl", "-D", str(self.folder / "data"), "-m", "immediate", "stop")

    @property
    def pid(self) -> int:
        return int((self.folder / "data" / "postmaster.pid").read_text().split()[0])

    def url(self, database: str) -> str:
        return f"postgresql://l110@127.0.0.1:{self.port}/{database}"

    def new_database(self, name: str) -> str:
        admin = create_engine(
            f"postgresql+psycopg://l110@127.0.0.1:{self.port}/postgres",
            isolation_level="AUTOCOMMIT",
        )
        with admin.connect() as connection:
            connection.execute(text(f'CREATE DATABASE "{name}"'))
        admin.dispose()
        return self.url(name)

    def _run(self, binary: str, *args: str) -> None:
        # The server refuses to run as root.
        prefix = ["runuser", "-u", "postgres", "--"] if os.geteuid() == 0 else []
        command = [*prefix, str(self._binaries / binary), *args]
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL, cwd=self.folder)


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _binaries() -> Path | None:
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"))
    return found[-1].parent if found else None


@pytest.fixture(scope="session")
def postgres() -> Iterator[PostgresServer]:
    binaries = _binaries()
    if binaries is None:
        pytest.fail("PostgreSQL's server is missing: apt-get install postgresql")
    folder = Path(tempfile.mkdtemp(prefix="l110-pg-"))
    if os.geteuid() == 0:
        shutil.chown(folder, "postgres")
    server = PostgresServer(folder, binaries)
    server.start()
    yield server
    server.stop()
    shutil.rmtree(folder)


@pytest.fixture(params=["sqlite", "postgresql"])
def empty_store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Engine]:
    if request.param == "sqlite":
        url = f"sqlite:///{tmp_path}/store.sqlite3"
    else:
        server: PostgresServer = request.getfixturevalue("postgres")
        url = server.new_database(f"t{abs(hash(str(tmp_path)))}")
    engine = make_engine(url)
    yield engine
    engine.dispose()


@pytest.fixture
def store(empty_store: Engine) -> Engine:
    upgrade(empty_store)
    return empty_store
