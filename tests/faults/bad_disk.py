"""A bridge whose journal lies on a bad disk: slow, full or failing from the moment it is told.

The real `l110 ivr`, below it SQLite's own disk layer with a watcher in front (scripts.lab.disk).
What the disk does stands in a file, so that a test may change it while calls go on.
"""

import time
from pathlib import Path

from scripts.cli.main import l110
from scripts.lab.disk import watched_disk
from scripts.lab.node import Node
from tests.faults.patched import start_patched
from tests.faults.power_cut_image import Recorder

FULL, FSYNC_FAILED = 13, 1034  # SQLITE_FULL, SQLITE_IOERR_FSYNC
WELL, SLOW, NO_ROOM, NO_SYNC = "well", "slow", "full", "sync-fails"
SLOWER = "slower"  # by more than the guard of a call, which SLOW only just reaches
SYNC_TAKES_S = {SLOW: 2.0, SLOWER: 5.0}


class BadDisk(Recorder):
    """Keeps nothing of what it sees."""

    def __init__(self, told: Path) -> None:
        super().__init__()
        self.told = told

    def before(self, act: str, path: str) -> int:
        del path
        state = self.told.read_text()
        if act == "sync" and state in SYNC_TAKES_S:
            time.sleep(SYNC_TAKES_S[state])
        if act == "write" and state == NO_ROOM:
            return FULL
        return FSYNC_FAILED if act == "sync" and state == NO_SYNC else 0

    def _add(self, act: object) -> None:
        del act


def disk_file(node: Node) -> Path:
    return node.settings.var / "disk"


def start_bridge(node: Node, patch: str = "") -> None:
    """In the place of the node's own; its disk is well."""
    disk_file(node).write_text(WELL)
    serve = f"from tests.faults.bad_disk import serve; serve({str(disk_file(node))!r})"
    start_patched(node, "ivr", patch, serve)
    node.wait_for("ivr")


def serve(told: str) -> None:
    path = Path(told)
    with watched_disk(path.parent, BadDisk(path)):
        l110(prog_name="l110")
