"""A node whose processes a test holds in its hands: to kill, to freeze, to start again."""

import shutil
import sys
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path

from config.settings import Settings, load_settings
from db.engine import make_engine
from db.upgrade import upgrade
from scripts.asterisk_config import render
from scripts.asterisk_console import channels, group_count, is_up, largest_talk
from scripts.asterisk_home import CHECKOUT, Home, find_program
from scripts.lab.process import Process
from scripts.lab.waiting import NeverHappened, wait_until
from scripts.watch import told


class Node:
    """Asterisk, bridge and forwarder of one settings file."""

    def __init__(self, config: Path) -> None:
        self.config = config
        self.settings: Settings = load_settings(config)
        self.home = Home(self.settings.asterisk_dir)
        self.engine = make_engine(self.settings.store_url)
        self.processes: dict[str, Process] = {}

    def start(self) -> None:
        upgrade(self.engine)
        render(self.settings)
        for name in ("asterisk", "ivr", "forward"):
            self.start_one(name)
        for name in ("asterisk", "ivr"):
            self.wait_for(name)
        # Else it opens its files while a test looks what is left open.
        wait_until(self._forwarder_reads, "the forwarder to read feed and journal", 20)

    def start_one(self, name: str, environment: Mapping[str, str] | None = None) -> None:
        command = [sys.executable, "-m", "scripts", "--config", str(self.config), name]
        if name == "asterisk":
            command = [str(find_program().binary), "-f", "-C", str(self.home.conf)]
        log = self.settings.var / "log" / f"{name}.log"
        given = {"PYTHONPATH": str(CHECKOUT), **(environment or {})}
        self.processes[name] = Process(command, log, given)

    def restart(self, name: str) -> None:
        """End a process, whatever state it is in, and start it anew."""
        self.processes[name].stop()
        self.start_one(name)
        self.wait_for(name)

    def wait_for(self, name: str) -> None:
        ready = {"asterisk": self.is_up, "watch": self._watch_looks}.get(name, self._bridge_listens)
        process = self.processes[name]
        try:
            wait_until(ready, f"{name} to start", 20, alive=lambda: process.running)
        except NeverHappened as error:
            raise NeverHappened(f"{error}; its last words:\n{process.last_words()}") from None

    def is_up(self) -> bool:
        """Whether Asterisk takes calls."""
        return is_up(self.home)

    def _forwarder_reads(self) -> bool:
        feed = self.settings.cel_path
        wanted = {str(path) for path in (feed, self.settings.journal_path) if path.exists()}
        return wanted <= open_files(self.processes["forward"].pid)

    def _bridge_listens(self) -> bool:
        return listens(self.settings.agi.host, self.settings.agi.port)

    def start_watch(self, environment: Mapping[str, str] | None = None) -> None:
        """Only where a test is about it: it places calls of its own. One that runs is replaced."""
        if running := self.processes.get("watch"):
            running.stop()
        self.start_one("watch", environment)
        self.wait_for("watch")

    def alarms(self) -> dict[str, str]:
        """Those that stand now, with what each is about, as `l110 status` would tell them."""
        seen = told.heard(told.path_of(self.settings))
        if seen is None:
            return {"watch-silent": ""}
        return {alarm["name"]: alarm["detail"] for alarm in seen["alarms"]}

    def _watch_looks(self) -> bool:
        seen = told.heard(told.path_of(self.settings))
        return seen is not None and bool(seen["pid"] == self._watch_pid())

    def _watch_pid(self) -> int:
        return self.processes["watch"].pid

    def channels(self) -> list[str]:
        """Names of the channels that are up now."""
        return channels(self.home)

    def largest_talk(self) -> int:
        """How many channels are in the fullest talk now."""
        return largest_talk(self.home)

    def slots_in_use(self) -> int:
        """Police lines in use now, as the dialplan counts them."""
        return group_count(self.home, "line", "l110")

    def stop(self) -> None:
        for name in ("watch", "asterisk", "ivr", "forward"):
            if process := self.processes.get(name):
                process.stop()
        self.forget_starts()
        self.engine.dispose()

    def forget_starts(self) -> None:
        """Started calls lie in memory, outside the node's folder: a node of the same name in its
        place would tell them as its own."""
        shutil.rmtree(self.settings.starts_path, ignore_errors=True)


def open_files(pid: int) -> set[str]:
    """Where its descriptors lead."""
    found = set()
    for link in Path(f"/proc/{pid}/fd").iterdir():
        with suppress(OSError):  # it was closed meanwhile
            found.add(str(link.readlink()))
    return found


def listens(host: str, port: int) -> bool:
    """Asks the kernel, not the bridge: a connection would count as a call."""
    wanted = f"{_hex(host)}:{port:04X}"
    rows = Path("/proc/net/tcp").read_text().splitlines()[1:]
    return any(row.split()[1] == wanted and row.split()[3] == "0A" for row in rows)


def _hex(host: str) -> str:
    return "".join(f"{int(byte):02X}" for byte in reversed(host.split(".")))
