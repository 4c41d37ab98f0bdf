"""One program of the lab: started in the foreground, stopped by the pid that was started."""

import os
import signal
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path


class Process:
    """A child with its output in a file. `stop` ends it and everything it started."""

    def __init__(
        self, command: Sequence[str], log: Path, env: Mapping[str, str] | None = None
    ) -> None:
        log.parent.mkdir(parents=True, exist_ok=True)
        self.program = tuple(command)
        # Whoever started it may be killed: then it ends, too.
        self.command = ["setpriv", "--pdeathsig", "TERM", "--", *command]
        self.log = log
        with log.open("ab") as output:
            self.child = subprocess.Popen(
                self.command,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                env=None if env is None else {**os.environ, **env},
                start_new_session=True,
                cwd=log.parent,
            )

    @property
    def pid(self) -> int:
        return self.child.pid

    @property
    def running(self) -> bool:
        return self.child.poll() is None

    def last_words(self) -> str:
        """The end of what it wrote."""
        return self.log.read_text(errors="replace")[-2000:]

    def signal(self, number: signal.Signals) -> None:
        if self.running:
            os.killpg(self.pid, number)

    def stop(self, patience_s: float = 5.0) -> int:
        """End it politely, then surely. Returns its exit status. Safe to repeat."""
        self.signal(signal.SIGCONT)
        self.signal(signal.SIGTERM)
        try:
            return self.child.wait(patience_s)
        except subprocess.TimeoutExpired:
            self.signal(signal.SIGKILL)
            return self.child.wait()
