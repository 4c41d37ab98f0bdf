"""A PostgreSQL server of our own, for as long as a test or a trial needs one."""

import os
import shutil
import signal
import socket
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from sqlalchemy import create_engine, text


class PostgresMissing(RuntimeError):
    """No PostgreSQL server is installed; scripts/setup --tests brings one."""


class PostgresServer:
    """A cluster in a temporary folder, on a free port of the loopback; stopped by its own pid."""

    def __init__(
        self, folder: Path, binaries: Path, copy_of: "PostgresServer | None" = None
    ) -> None:
        self.folder = folder
        self.port = _free_port()
        self._binaries = binaries
        self._runs = False
        data = str(folder / "data")
        if copy_of is None:
            self._run("initdb", "-D", data, "-U", "l110", "-A", "trust", "-E", "UTF8")
        else:
            source = f"host=127.0.0.1 port={copy_of.port} user=l110"
            self._run("pg_basebackup", "-d", source, "-D", data, "-R", "-X", "stream", "-c", "fast")

    def start(self, *, durable: bool = False) -> None:
        """`durable`: as a site's server is; a test needs no disk to keep its rows."""
        options = (
            f"-p {self.port} -c listen_addresses=127.0.0.1 -c fsync={'on' if durable else 'off'}"
            f" -c unix_socket_directories={self.folder}"
        )
        data, log = str(self.folder / "data"), str(self.folder / "log")
        self._run("pg_ctl", "-D", data, "-l", log, "-w", "-o", options, "start")
        self._runs = True

    def stop(self) -> None:
        if not self._runs:
            return
        self._run("pg_ctl", "-D", str(self.folder / "data"), "-m", "immediate", "stop")
        self._runs = False

    def promote(self) -> None:
        """A standby becomes the primary."""
        self._run("pg_ctl", "-D", str(self.folder / "data"), "-w", "promote")

    def kill(self) -> None:
        """As if its machine had died: no word to anybody."""
        os.kill(self.pid, signal.SIGKILL)
        self._runs = False

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


def _binaries() -> Path:
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"))
    if not found:
        raise PostgresMissing
    return found[-1].parent


@contextmanager
def running_postgres(*, durable: bool = False) -> Iterator[PostgresServer]:
    """A started server; stopped and deleted on leaving. Raises PostgresMissing."""
    with _folder() as folder:
        server = PostgresServer(folder, _binaries())
        server.start(durable=durable)
        try:
            yield server
        finally:
            server.stop()


@contextmanager
def running_standby(primary: PostgresServer) -> Iterator[PostgresServer]:
    """A second server that streams from the first, which may be killed. Raises PostgresMissing."""
    with _folder() as folder:
        server = PostgresServer(folder, _binaries(), primary)
        server.start()
        try:
            yield server
        finally:
            server.stop()


@contextmanager
def _folder() -> Iterator[Path]:
    folder = Path(tempfile.mkdtemp(prefix="l110-pg-"))
    if os.geteuid() == 0:
        shutil.chown(folder, "postgres")
    try:
        yield folder
    finally:
        shutil.rmtree(folder)
