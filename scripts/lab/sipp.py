"""SIPp, run for one telephone or for a stream of calls."""

import os
import shutil
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from scripts.lab.process import Process

ENDED_WELL = 0


class SippMissing(RuntimeError):
    """SIPp is not installed; run scripts/setup."""


def keys_need_info() -> bool:
    """Whether this user's keys must go by SIP INFO: RTP events need a raw socket, so root."""
    return os.geteuid() != 0


@dataclass(frozen=True, slots=True)
class Endpoint:
    """A telephone's own address. `media_port` is even, and the next four are its own, too."""

    host: str
    port: int
    media_port: int


@dataclass(frozen=True, slots=True)
class Person:
    """Who calls: the number in From, and the display name."""

    number: str
    name: str = ""


class Sipp:
    """One running SIPp. `wait` gives True when every call did what its scenario says."""

    def __init__(self, folder: Path, name: str, scenario: str, arguments: Sequence[str]) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.folder, self.name = folder, name
        file = folder / f"{name}.xml"
        file.write_text(scenario, encoding="utf-8")
        binary = shutil.which("sipp")
        if binary is None:
            raise SippMissing
        command = [binary, "-sf", str(file), "-nostdin", "-trace_err", *arguments]
        environment = {"TERM": "dumb"}
        self.process = Process(command, folder / f"{name}.log", environment)

    @property
    def running(self) -> bool:
        return self.process.running

    def wait(self, timeout_s: float) -> bool:
        """Raises TimeoutError: it still runs."""
        try:
            return self.process.child.wait(timeout_s) == ENDED_WELL
        except subprocess.TimeoutExpired:
            raise TimeoutError(f"{self.name} still runs after {timeout_s:g} s") from None

    def complaint(self) -> str:
        """What SIPp wrote about an unexpected message, for the failure's text."""
        errors = sorted(self.folder.glob(f"{self.name}_*_errors.log"))
        return "\n".join(file.read_text(errors="replace")[-2000:] for file in errors)

    def stop(self) -> None:
        self.process.stop()


def call(
    folder: Path,
    name: str,
    scenario: str,
    *,
    at: Endpoint,
    to: str,
    dial: str,
    people: Sequence[Person],
    per_second: float = 10,
    log: Path | None = None,
    deaf_s: float = 0,
) -> Sipp:
    """Call `dial` at `to` (host:port) once for each person, all by one scenario.

    log: where the scenario's own <log> lines go.
    deaf_s: a caller who hears nothing for so long where he waits for something gives up; 0: never.
    """
    folder.mkdir(parents=True, exist_ok=True)
    book = folder / f"{name}.csv"
    lines = [f"{person.number};{person.name}" for person in people]
    book.write_text("SEQUENTIAL\n" + "\n".join(lines) + "\n", encoding="utf-8")
    calls = ["-inf", str(book), "-s", dial, "-m", str(len(people)), "-r", f"{per_second:g}"]
    logs = ["-trace_logs", "-log_file", str(log)] if log else []
    logs += ["-recv_timeout", str(round(1000 * deaf_s))] if deaf_s else []
    return Sipp(folder, name, scenario, [to, *_own(at), *calls, *logs])


def answer(folder: Path, name: str, scenario: str, *, at: Endpoint) -> Sipp:
    """Be a seat's telephone until stopped."""
    return Sipp(folder, name, scenario, _own(at))


def _own(at: Endpoint) -> list[str]:
    address = ["-i", at.host, "-p", str(at.port)]
    return [*address, "-mi", at.host, "-mp", str(at.media_port), "-aa"]
