"""`l110 doctor --switch` run as an engineer runs it."""

import json
import os
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any

CALL_NOW = "dial 110 from"


class Doctor:
    """One run. `ready` returns when the test call may be made; `found` is its JSON at the end."""

    def __init__(self, config: Path, *options: str) -> None:
        command = [sys.executable, "-m", "scripts", "--config", str(config), "doctor", "--switch"]
        self.process = subprocess.Popen(
            [*command, "--json", *options],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env={**os.environ, "NO_COLOR": "1"},
        )
        self.said: list[str] = []

    @property
    def pid(self) -> int:
        return self.process.pid

    def ready(self) -> None:
        """Raises AssertionError: it ended before."""
        assert self.process.stderr is not None
        guard = threading.Timer(20, self.process.terminate)
        guard.start()
        for line in self.process.stderr:
            self.said.append(line)
            if CALL_NOW in line:
                guard.cancel()
                return
        guard.cancel()
        raise AssertionError("".join(self.said))

    def found(self, timeout_s: float = 40) -> dict[str, Any]:
        """What it printed, with its exit status as `status`."""
        told, said = self.process.communicate(timeout=timeout_s)
        self.said.append(said)
        return {**json.loads(told), "status": self.process.returncode}
