"""The code of the commit before the newest migration, as a forwarder in a process of its own."""

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from scripts.asterisk_home import CHECKOUT
from scripts.lab.process import Process

# What `l110 forward` of that commit does, without settings of this one.
FORWARD = """
import sys, threading
from pathlib import Path
from db.engine import make_engine
from db.forwarder import Forwarder
from db.journal_feed import JournalFeed
from db.upgrade import newest
from ivr.cel_feed import CelFeed
url, cel, journal, wanted = sys.argv[1:]
assert newest() == wanted, newest()
feeds = CelFeed(Path(cel), "n1", settle_s=0), JournalFeed(Path(journal), "n1")
forwarder = Forwarder(feeds, make_engine(url), idle_s=0.02, backoff_s=(0.02, 0.1))
print("forwarding", flush=True)
forwarder.run(threading.Event())
"""


class HistoryMissing(RuntimeError):
    """This checkout has no commit before the newest migration: a shallow clone, or no clone."""


def commit_before(migration: Path) -> str:
    """The commit before the one that brought a migration. Raises HistoryMissing."""
    asked = ("log", "--first-parent", "--diff-merges=first-parent", "--diff-filter=A", "-s")
    brought = _git(*asked, "--format=%H", "--", str(migration)).decode().split()
    if not brought or _git("rev-parse", "--is-shallow-repository").strip() == b"true":
        raise HistoryMissing(f"no history of {migration.name} here: git fetch --unshallow")
    return _git("rev-parse", f"{brought[-1]}^").decode().strip()


def checked_out(commit: str, folder: Path) -> Path:
    """Raises HistoryMissing."""
    subprocess.run(["tar", "-x", "-C", folder], input=_git("archive", commit), check=True)
    return folder


def revision_of(code: Path) -> str:
    """The newest migration that this code knows: one commit may bring several."""
    return max(path.name[:4] for path in (code / "db/migrations/versions").glob("0*_*.py"))


@contextmanager
def forwarding(code: Path, log: Path, *told: str) -> Iterator[Process]:
    """told: URL of the store, CEL file, journal, the revision that the code must be of."""
    command = [sys.executable, "-c", FORWARD, *told]
    process = Process(command, log, {"PYTHONPATH": str(code)})
    try:
        yield process
    finally:
        process.stop()


def _git(*words: str) -> bytes:
    try:
        done = subprocess.run(
            ["git", *words], cwd=CHECKOUT, check=True, capture_output=True, timeout=60
        )
    except (OSError, subprocess.CalledProcessError) as fault:
        raise HistoryMissing(f"git {words[0]}: {fault}") from fault
    return done.stdout
