"""The demo's own node: never one that somebody else started."""

import fcntl
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TextIO

from config.settings import ROOT, Settings
from scripts.cli import running, supervision

MARK = ROOT / "var/demo/running"


@contextmanager
def only_demo(mark: Path = MARK) -> Iterator[TextIO]:
    """Holds the mark: locked while a demo runs, left with pids in it where one was killed.

    Raises:
        running.NotStarted: another demo runs in this checkout.
    """
    mark.parent.mkdir(parents=True, exist_ok=True)
    with mark.open("a+", encoding="ascii") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise running.NotStarted(_other_demo(mark)) from None
        yield file


def _other_demo(mark: Path) -> str:
    pid = next(iter(mark.read_text(encoding="ascii").split()), "?")
    return f"another demo runs in this checkout (pid {pid}): end it by Ctrl-C, or wait for it"


@contextmanager
def demo_node(
    settings: Settings, config: Path, mark: TextIO, warn: Callable[[str], None]
) -> Iterator[None]:
    """A node for as long as the demo lasts.

    Raises:
        running.NotStarted: a node that is not the demo's is up, or it cannot be started.
    """
    with running.one_at_a_time(settings):
        _make_way(settings, mark)
        for warning in running.prepare(settings):
            warn(warning)
        try:
            _write(mark, os.getpid())
            running.start(settings, config)
            _write(mark, os.getpid(), *supervision.our_processes(settings))
        except BaseException:
            running.stop(settings)
            raise
    try:
        running.wait_until_ready(settings, lambda name: None)
        yield
    finally:
        running.stop(settings)
        mark.truncate(0)


def _make_way(settings: Settings, mark: TextIO) -> None:
    """Only what a killed demo left behind may go; any other node may have calls."""
    alive = supervision.our_processes(settings)
    if not alive:
        return
    mark.seek(0)
    started = mark.read().split()[1:]
    if not any(str(pid) in started for pid in alive):
        pids = ", ".join(map(str, alive))
        raise running.NotStarted(
            f"a node of this checkout is up (pid {pids}) and may have calls; the demo did not "
            "start it and does not stop it: `scripts/l110 down` first"
        )
    running.stop(settings)


def _write(mark: TextIO, *pids: int) -> None:
    mark.truncate(0)
    mark.write(" ".join(map(str, pids)) + "\n")
    mark.flush()
