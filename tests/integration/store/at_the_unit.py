"""A receiver of the tests, started, killed, and asked what it has."""

import json
import socket
import subprocess
import sys
from pathlib import Path

from config.settings import ROOT
from scripts.lab.waiting import wait_until
from tests.integration.store.receivers import Kept


class Receiver:
    """kind: mail or web. It keeps its port and its folder over all its lives."""

    def __init__(self, kind: str, folder: Path) -> None:
        folder.mkdir()
        self.kept, self._kind = Kept(folder), kind
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port: int = probe.getsockname()[1]
        self._child: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        module = "tests.integration.store.receivers"
        args = [self._kind, str(self.port), str(self.kept.folder)]
        self._child = subprocess.Popen([sys.executable, "-m", module, *args], cwd=ROOT)
        wait_until(self._answers, f"the {self._kind} server", 20)

    def kill(self) -> None:
        """SIGKILL, as if its machine had lost its power."""
        if self._child:
            self._child.kill()
            self._child.wait()
            self._child = None

    def pause(self, where: str) -> None:
        (self.kept.folder / f"pause-{where}").touch()

    def go_on(self) -> None:
        for flag in self.kept.folder.glob("pause-*"):
            flag.unlink()

    def await_pause(self) -> None:
        wait_until(lambda: self.kept.lines("paused"), "a message in its middle", 20)

    def without_dedupe(self) -> None:
        (self.kept.folder / "dedupe-off").touch()

    @property
    def arrived(self) -> list[str]:
        """The keys of what came whole, repeats too."""
        return [json.loads(line)["key"] for line in self.kept.lines("arrived")]

    @property
    def texts(self) -> list[str]:
        return [json.loads(line)["what"] for line in self.kept.lines("arrived")]

    @property
    def applied(self) -> list[str]:
        return self.kept.lines("applied")

    def _answers(self) -> bool:
        with socket.socket() as probe:
            return probe.connect_ex(("127.0.0.1", self.port)) == 0
