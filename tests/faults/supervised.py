"""A node as an operator starts it, by `l110 up`: no test starts anew what ended there."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from unittest.mock import patch

from scripts.asterisk_home import CHECKOUT
from scripts.cli import running, supervision
from scripts.keeper import patience
from scripts.lab.node import Node
from scripts.lab.waiting import wait_until


class SupervisedNode(Node):
    """Its processes are the supervisor's; a test knows them by their pids only.

    `in_front`: what stands in front of Asterisk's command.
    """

    def __init__(self, config: Path, in_front: Sequence[str] = ()) -> None:
        super().__init__(config)
        self.in_front = in_front

    def start(self) -> None:
        if self.in_front:
            self._start_otherwise("asterisk", lambda usual: [*self.in_front, *usual])
            return
        done = self.l110("up", "--detach")
        assert done.returncode == 0, done.stderr

    def _start_otherwise(self, name: str, other: Callable[[list[str]], list[str]]) -> None:
        """As `up` does it, with another command for one process."""
        commands = supervision.commands

        def with_it(*given: Any) -> dict[str, list[str]]:  # noqa: ANN401
            usual = commands(*given)
            return {**usual, name: other(usual[name])}

        running.prepare(self.settings)
        with patch.object(supervision, "commands", with_it):
            running.start(self.settings, self.config)
        running.wait_until_ready(self.settings, lambda name: None)

    def stop(self) -> None:
        running.stop(self.settings)
        self.forget_starts()
        self.engine.dispose()

    def l110(self, *words: str) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-m", "scripts", "--config", str(self.config), *words]
        return subprocess.run(
            command, cwd=CHECKOUT, capture_output=True, text=True, timeout=120, check=False
        )

    def status(self) -> dict[str, Any]:
        found: dict[str, Any] = json.loads(self.l110("status", "--json").stdout)
        return found

    def pid(self, name: str) -> int:
        """0 while it does not run."""
        found = {one.name: one.pid for one in supervision.processes(self.settings)}
        return found[name] or 0

    def new_pid(self, name: str, old: int, within_s: float) -> int:
        def new() -> int:
            pid = self.pid(name)
            return pid if pid != old else 0

        return wait_until(new, f"a new {name}", within_s)

    def signal(self, name: str, number: signal.Signals) -> int:
        """Returns the pid."""
        pid = self.pid(name)
        os.kill(pid, number)
        return pid

    @property
    def log(self) -> str:
        return (self.settings.log_dir / "keep.log").read_text()


class ImpatientNode(SupervisedNode):
    """It ends a forwarder that is silent for so many seconds, not for two minutes."""

    forward_s = 9.0

    def start(self) -> None:
        told = f"import scripts.keeper.patience as p; p.FORWARD_S = {self.forward_s}; "
        run = f"{told}from scripts.cli.main import l110; l110(prog_name='l110')"
        with patch.object(patience, "FORWARD_S", self.forward_s):
            self._start_otherwise("keep", lambda usual: [usual[0], "-c", run, *usual[3:]])


def reading_s() -> float:
    """Seconds that this machine, as busy as it is, needs now to read the bridge's code."""
    began = time.monotonic()
    read = "import scripts.cli.main, scripts.bridge"
    subprocess.run([sys.executable, "-c", read], cwd=CHECKOUT, check=True)
    return time.monotonic() - began


@contextmanager
def no_more_memory(pid: int) -> Iterator[None]:
    """A control group in which the kernel ends this process at the next page that it asks for."""
    folder = _memory_groups() / f"l110-test-{pid}"
    folder.mkdir()
    limit = folder / "memory.limit_in_bytes"
    try:
        (folder / "cgroup.procs").write_text(str(pid))
        (limit if limit.exists() else folder / "memory.max").write_text(str(4096))
        yield
    finally:
        wait_until(lambda: not (folder / "cgroup.procs").read_text(), "the group to be empty", 20)
        folder.rmdir()


def memory_may_be_limited() -> bool:
    return os.access(_memory_groups(), os.W_OK)


def _memory_groups() -> Path:
    """Of version 1 where that is mounted, else of version 2."""
    root = Path("/sys/fs/cgroup")
    return root / "memory" if (root / "memory").is_dir() else root
