"""The process supervisor: its configuration, and what we ask of it over its socket."""

import contextlib
import hashlib
import os
import shlex
import socket
import subprocess
import sys
import tempfile
import xmlrpc.client
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from http.client import HTTPConnection, HTTPException
from pathlib import Path
from typing import Any, cast

from supervisor.xmlrpc import SupervisorTransport

from config.settings import ROOT, Settings
from scripts.asterisk_home import Home, find_program
from scripts.keeper.patience import patience_s

WITHIN_S = 5.0  # a frozen supervisor must not freeze who asks it
LONGEST_SOCKET = 90  # the kernel takes 107 bytes, and the supervisor adds its process id
INSTANCE = "L110_INSTANCE"  # marks every process of ours: found again if the supervisor was killed

HEAD = """\
[supervisord]
logfile={log}/supervisord.log
logfile_maxbytes=10MB
logfile_backups=3
pidfile={run}/supervisord.pid
directory={root}
minfds=8192
{user}
[unix_http_server]
file={socket}
chmod=0600

[rpcinterface:supervisor]
supervisor.rpcinterface_factory=supervisor.rpcinterface:make_main_rpcinterface
"""
# It waits 1, 2, 3, 4 and 5 s, then gives up: `l110 keep` says so and tries again every 30 s, for
# ever. Nobody does that for `keep` itself.
RETRIES = 5
FOR_EVER = 1_000_000
PROGRAM = """
[program:{name}]
command={command}
priority={priority}
autorestart=true
startsecs=5
startretries={retries}
environment={environment}
stopasgroup=true
killasgroup=true
stopwaitsecs={stop_s}
redirect_stderr=true
stdout_logfile={log}/{name}.log
stdout_logfile_maxbytes=20MB
stdout_logfile_backups=5
"""


class SupervisorAway(RuntimeError):
    """Nobody answers on the supervisor's socket."""


@dataclass(frozen=True, slots=True)
class Process:
    name: str
    state: str
    pid: int | None
    uptime_s: int | None

    @property
    def runs(self) -> bool:
        """For a second at least. To its supervisor it has started after five only: what ends
        before that is started again with ever longer pauses."""
        started = self.state == "STARTING" and (self.uptime_s or 0) >= 1
        return started or self.state == "RUNNING"

    def to_json(self) -> dict[str, Any]:
        return asdict(self)


def run_dir(settings: Settings) -> Path:
    return settings.var / "run"


def socket_path(settings: Settings) -> Path:
    path = run_dir(settings) / "supervisor.sock"
    if len(os.fsencode(path)) <= LONGEST_SOCKET:
        return path
    name = hashlib.sha256(os.fsencode(path)).hexdigest()[:12]
    base = os.environ.get("XDG_RUNTIME_DIR") or tempfile.gettempdir()
    return Path(base) / f"l110-{os.getuid()}-{name}" / "supervisor.sock"


def notify_path(settings: Settings) -> Path:
    """Where the processes say that they live."""
    return socket_path(settings).with_name("notify.sock")


def commands(settings: Settings, config: Path | None) -> dict[str, list[str]]:
    l110 = [sys.executable, "-m", "scripts", *(["--config", str(config)] if config else [])]
    conf = Home(settings.asterisk_dir).conf
    usual = {
        "asterisk": [str(find_program().binary), "-f", "-n", "-C", str(conf)],
        "ivr": [*l110, "ivr"],
        "forward": [*l110, "forward"],
        "watch": [*l110, "watch"],
        "worker": [*l110, "worker"],
        "keep": [*l110, "keep"],
    }
    return usual | ({"desk": [*l110, "desk"]} if settings.web.serve else {})


def _environment(settings: Settings, name: str) -> str:
    """What systemd would set: who hears the life signs, and how long silence may last."""
    wait_s = patience_s(settings).get(name, 0.0)
    line = _plain(notify_path(settings)) if wait_s else ""
    return f'NOTIFY_SOCKET="{line}",WATCHDOG_USEC="{round(wait_s * 1e6)}"'


def configuration(settings: Settings, config: Path | None) -> str:
    stop_s = round(settings.supervisor.stop_within_s)
    head = HEAD.format(
        log=_plain(settings.log_dir),
        run=_plain(run_dir(settings)),
        root=_plain(ROOT),
        socket=_plain(socket_path(settings)),
        user="user=root\n" if os.geteuid() == 0 else "",
    )
    programs = [
        PROGRAM.format(
            name=name,
            command=_plain(shlex.join(command)),
            priority=10 * place,
            retries=FOR_EVER if name == "keep" else RETRIES,
            environment=_environment(settings, name),
            stop_s=stop_s,
            log=_plain(settings.log_dir),
        )
        for place, (name, command) in enumerate(commands(settings, config).items(), start=1)
    ]
    return head + "".join(programs)


def _plain(value: object) -> str:
    return str(value).replace("%", "%%")


def start(settings: Settings, config: Path | None) -> None:
    """Returns when the supervisor has gone into the background; its programs are starting."""
    conf = settings.var / "supervisor" / "supervisord.conf"
    for folder in (conf.parent, settings.log_dir, run_dir(settings)):
        folder.mkdir(parents=True, exist_ok=True)
    _private(socket_path(settings).parent)
    conf.write_text(configuration(settings, config))
    marked = {**os.environ, INSTANCE: str(settings.var), "PYTHONPATH": str(ROOT)}
    subprocess.run(
        [sys.executable, "-m", "supervisor.supervisord", "-c", str(conf)],
        check=True,
        cwd=ROOT,
        env=marked,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
    )


def _private(folder: Path) -> None:
    """Below /tmp another user may have made it first, and would hold our socket."""
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    if folder.stat().st_uid != os.geteuid():
        raise PermissionError(f"{folder} belongs to somebody else")


class _Line(HTTPConnection):
    """To the supervisor's socket. Its own would wait for ever."""

    def __init__(self, path: Path, within_s: float) -> None:
        super().__init__("localhost", timeout=within_s)
        self._path = path

    def connect(self) -> None:
        self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.sock.settimeout(self.timeout)
        self.sock.connect(str(self._path))


@contextlib.contextmanager
def _talk(settings: Settings, within_s: float = WITHIN_S) -> Iterator[Any]:
    path = socket_path(settings)
    transport = SupervisorTransport(None, None, f"unix://{path}")
    transport._get_connection = lambda: _Line(path, within_s)
    try:
        yield xmlrpc.client.ServerProxy("http://127.0.0.1", transport=transport).supervisor
    except (OSError, HTTPException, xmlrpc.client.Error) as error:
        raise SupervisorAway(str(error)) from error
    finally:
        transport.close()


def processes(settings: Settings, within_s: float = WITHIN_S) -> list[Process]:
    """Raises SupervisorAway."""
    with _talk(settings, within_s) as supervisor:
        rows = cast(list[dict[str, Any]], supervisor.getAllProcessInfo())
    return [_process(row) for row in sorted(rows, key=lambda row: row["start"])]


def _process(row: dict[str, Any]) -> Process:
    alive = bool(row["pid"])
    uptime_s = max(0, row["now"] - row["start"]) if alive else None
    return Process(row["name"], row["statename"], row["pid"] or None, uptime_s)


def ask_to_stop(settings: Settings) -> None:
    """Raises SupervisorAway."""
    with _talk(settings) as supervisor:
        supervisor.shutdown()


def start_again(settings: Settings, name: str, within_s: float = WITHIN_S) -> None:
    """One that it has given up. It refuses while it goes down. Raises SupervisorAway."""
    with _talk(settings, within_s) as supervisor:
        supervisor.startProcess(name, False)


@contextlib.contextmanager
def paused(settings: Settings, name: str) -> Iterator[None]:
    """Without one process of `l110 up` meanwhile; nothing happens where it does not run so."""
    try:
        with _talk(settings, settings.supervisor.stop_within_s + WITHIN_S) as supervisor:
            supervisor.stopProcess(name)
    except SupervisorAway:
        yield
        return
    try:
        yield
    finally:
        start_again(settings, name)


def our_processes(settings: Settings) -> list[int]:
    """Every living process of this instance, the supervisor too, found by its mark."""
    mark = f"{INSTANCE}={settings.var}".encode()
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            if mark in (process / "environ").read_bytes().split(b"\0"):
                found.append(int(process.name))
    return [pid for pid in found if pid != os.getpid()]
