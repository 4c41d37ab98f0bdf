"""Bringing a node up and down, step by step; `service.py` is what the user types."""

import fcntl
import os
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from config.settings import Settings
from scripts.asterisk_config import render
from scripts.asterisk_home import AsteriskMissing, Home, find_program
from scripts.cli import ports, supervision
from scripts.store import StoreAway, StoreRefused, ready_store
from scripts.watch import told

PACE_S = 0.2
FAILING_FOR_S = 12.0  # a process that will not start is reported before the whole time is over


class NotStarted(RuntimeError):
    """`up` gave up; the message says why and what to do."""


@dataclass(frozen=True, slots=True)
class Part:
    """Something that must answer before a node is ready."""

    name: str
    answers: Callable[[], bool]


@contextmanager
def one_at_a_time(settings: Settings) -> Iterator[None]:
    """Raises NotStarted: somebody else is just starting this node."""
    folder = supervision.run_dir(settings)
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / "up.lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise NotStarted("another `l110 up` is just starting this node") from None
        yield


def prepare(settings: Settings) -> list[str]:
    """Everything that can be refused before a process is started; returns what to warn of.

    Raises:
        NotStarted: a port is taken, something is missing or left over, or the store refuses.
    """
    _refuse_records_of_another(settings)
    if orphans := supervision.our_processes(settings):
        pids = ", ".join(map(str, orphans))
        raise NotStarted(
            f"an earlier node still runs without its supervisor (pid {pids}) and may have calls: "
            "`l110 down` ends it"
        )
    refused = [why for port in ports.ports_of(settings) if (why := ports.refusal(port))]
    if refused:
        mend = "End that process, or choose another port (docs/settings.md)."
        raise NotStarted("\n".join([*refused, mend]))
    try:
        find_program()
        render(settings)
    except AsteriskMissing:
        raise NotStarted("there is no Asterisk 22 here: run scripts/setup") from None
    except PermissionError as error:
        raise NotStarted(
            f"{error.filename}: {error.strerror}; remove it, and start again"
        ) from None
    return _warn_of_store(settings)


def _refuse_records_of_another(settings: Settings) -> None:
    if settings.cel_path != settings.own_cel_path:
        raise NotStarted(
            f"records.cel_file is {settings.cel_path}, which this node's Asterisk does not write: "
            "its calls would not be on record. Leave it empty, or run only `l110 ivr` and "
            "`l110 forward` beside the Asterisk that writes it (docs/runbook.md)."
        )


def _warn_of_store(settings: Settings) -> list[str]:
    """A dead store never keeps a node from taking calls."""
    try:
        ready_store(settings.store_url).dispose()
    except StoreAway as away:
        says = "calls are taken, the journal holds them until it is back"
        return [f"the store is away: {away}; {says}"]
    except StoreRefused as error:
        raise NotStarted(f"the store cannot be used: {error}") from error
    return []


def start(settings: Settings, config: Path | None) -> None:
    try:
        supervision.start(settings, config)
    except subprocess.CalledProcessError as error:
        raise NotStarted(f"the supervisor did not start: {error.stderr.strip()}") from None


def parts(settings: Settings) -> tuple[Part, ...]:
    def running(name: str) -> bool:
        return any(p.name == name and p.runs for p in supervision.processes(settings))

    def opened(setting: str) -> bool:
        return all(ports.listening(p) for p in ports.ports_of(settings) if p.setting == setting)

    usual = (
        Part("Asterisk", lambda: running("asterisk") and booted(settings)),
        Part("SIP", lambda: opened("sip.port")),
        Part("manager", lambda: opened("ami.port")),
        Part("bridge", lambda: running("ivr") and opened("agi.port")),
        Part("forwarder", lambda: running("forward") and opened("health.forward_port")),
        Part("worker", lambda: running("worker") and opened("health.worker_port")),
        Part("keeper", lambda: running("keep") and opened("health.keep_port")),
        Part("watch", lambda: running("watch") and told.heard(told.path_of(settings)) is not None),
    )
    # It listens before its store is there: a store that is away keeps no node from being ready.
    desk = Part("desk", lambda: running("desk") and opened("web.port"))
    return (*usual, desk) if settings.web.serve else usual


def booted(settings: Settings) -> bool:
    conf = Home(settings.asterisk_dir).conf
    ask = [str(find_program().binary), "-C", str(conf), "-rx", "core waitfullybooted"]
    try:
        asked = subprocess.run(ask, capture_output=True, text=True, timeout=5, check=False)
    except subprocess.TimeoutExpired:
        return False
    return asked.returncode == 0 and "fully booted" in asked.stdout


def wait_until_ready(settings: Settings, on_ready: Callable[[str], None]) -> None:
    """Calls `on_ready` with the name of each part as it begins to answer.

    Raises:
        NotStarted: with the end of the log of the process that did not come.
    """
    deadline = time.monotonic() + settings.supervisor.ready_within_s
    failing_since: dict[str, float] = {}
    waiting = list(parts(settings))
    while waiting:
        for part in [p for p in waiting if p.answers()]:
            waiting.remove(part)
            on_ready(part.name)
        late = _late(settings, failing_since)
        if waiting and (late or time.monotonic() > deadline):
            raise NotStarted(_story(settings, late or [p.name for p in waiting]))
        time.sleep(PACE_S)


def _late(settings: Settings, failing_since: dict[str, float]) -> list[str]:
    now = time.monotonic()
    for process in supervision.processes(settings):
        if process.state in ("BACKOFF", "EXITED", "FATAL"):
            failing_since.setdefault(process.name, now)
        elif process.runs:
            failing_since.pop(process.name, None)
    return [name for name, since in failing_since.items() if now - since > FAILING_FOR_S]


def _story(settings: Settings, late: list[str]) -> str:
    lines = [f"not ready: {', '.join(late)}"]
    for name in ("asterisk", "ivr", "forward", "watch", "worker", "keep", "desk"):
        log = settings.log_dir / f"{name}.log"
        if log.exists() and (name in late or len(late) > 1):
            end = log.read_text(encoding="utf-8", errors="replace").splitlines()[-8:]
            lines += [f"the end of {log}:", *(f"    {line}" for line in end)]
    return "\n".join([*lines, "`l110 doctor` says more."])


def stop(settings: Settings) -> bool:
    """Take everything down, also what a killed supervisor left behind. False: nothing ran."""
    ours = supervision.our_processes(settings)
    try:
        supervision.ask_to_stop(settings)
    except supervision.SupervisorAway:
        for pid in ours:
            _signal(pid, signal.SIGTERM)
    patience_s = settings.supervisor.stop_within_s
    if not _gone(settings, patience_s + 5):
        for pid in supervision.our_processes(settings):
            _signal(pid, signal.SIGKILL)
        _gone(settings, 5)
    return bool(ours)


def _gone(settings: Settings, within_s: float) -> bool:
    deadline = time.monotonic() + within_s
    while supervision.our_processes(settings):
        if time.monotonic() > deadline:
            return False
        time.sleep(PACE_S)
    return True


def _signal(pid: int, number: signal.Signals) -> None:
    try:
        os.kill(pid, number)
    except ProcessLookupError:
        return
