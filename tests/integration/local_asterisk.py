"""Asterisk's side of AGI by a process of its own: two pipes, and it remembers every command."""

import subprocess
import threading
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, Self

from tests.integration.fake_asterisk import DONE

LONGEST_S: Final = 20.0


@dataclass
class LocalCall:
    """One process as Asterisk starts it; whatever happens it is ended after the test."""

    process: subprocess.Popen[bytes]
    alarm: threading.Timer
    commands: list[str] = field(default_factory=list)

    @classmethod
    def dial(cls, *command: str | Path) -> Self:
        """In an environment that no program of ours may listen to."""
        process = subprocess.Popen(
            command, stdin=-1, stdout=-1, stderr=-1, env={"PYTHONHOME": "/no", "PYTHONPATH": "/no"}
        )
        alarm = threading.Timer(LONGEST_S, process.kill)
        alarm.start()
        return cls(process, alarm)

    def say(self, words: str | bytes) -> None:
        assert self.process.stdin is not None
        self.process.stdin.write(words.encode() if isinstance(words, str) else words)
        self.process.stdin.flush()

    def command(self) -> str | None:
        assert self.process.stdout is not None
        line = self.process.stdout.readline().decode()
        if not line:
            return None
        assert line.endswith("\n"), "half a line burns a core of the real one"
        self.commands.append(line[:-1])
        return self.commands[-1]

    def until(self, verb: str) -> None:
        while not (command := self.command() or "").startswith(verb):
            assert command, f"it ended before {verb}: {self.commands}"
            self.say(DONE)

    def play(self, *answers: str) -> list[str]:
        left = list(answers)
        while (command := self.command()) is not None:
            self.say(left.pop(0) if command.startswith("GET OPTION") else DONE)
        return self.commands

    def close(self) -> None:
        assert self.process.stdin is not None
        self.process.stdin.close()

    def ended(self) -> int:
        """Its exit status, once it has said no more and nothing was written but commands."""
        assert self.command() is None
        assert self.process.stderr is not None
        assert self.process.stderr.read() == b""
        return self.process.wait()

    def bury(self) -> None:
        self.alarm.cancel()
        self.process.kill()
        self.process.wait()
        for pipe in (self.process.stdin, self.process.stdout, self.process.stderr):
            assert pipe is not None
            with suppress(BrokenPipeError):
                pipe.close()
