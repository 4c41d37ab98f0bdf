"""A node's calls told once more, by a forwarder of one's own into a fresh store."""

import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager

from db.engine import make_engine
from db.upgrade import upgrade
from scripts.asterisk_home import CHECKOUT
from scripts.lab.process import Process
from scripts.unreturned import LOOK_EVERY_S
from tests.real_asterisk.system import Records

# Python that takes a protection out of the forwarder.
WITHOUT_RULE = "import routing.outcome as o; o._never_came_back = lambda steps: False"
WITHOUT_ALARM = "import scripts.unreturned as u; u.UnreturnedWatch.look = lambda self, now: None"
FORWARD = "from scripts.cli.main import l110; l110(prog_name='l110')"


class Retold(Records):
    """The rows that this forwarder made of the node's feed."""

    def __init__(self, told: Records, process: Process, store: str) -> None:
        super().__init__(told.node)
        self.engine, self.process = make_engine(store), process

    def alarmed(self, call_id: str) -> bool:
        """Whether it said, within three looks, that this caller never came."""
        end = time.monotonic() + 3 * LOOK_EVERY_S
        while time.monotonic() < end:
            lines = self.process.log.read_text().splitlines()
            if any("call.never_returned" in line and call_id in line for line in lines):
                return True
            time.sleep(LOOK_EVERY_S / 10)
        return False


@contextmanager
def retold(told: Records, patch: str) -> Iterator[Retold]:
    """Only when all is told in the node's own store: the journal is read by one forwarder."""
    root = told.node.settings.var.parent / f"retold-{time.monotonic_ns()}"
    store = f"sqlite:///{root / 'store.sqlite'}"
    root.mkdir()
    upgrade(make_engine(store))
    process = Process(
        [sys.executable, "-c", f"{patch}\n{FORWARD}", "--config", str(told.node.config), "forward"],
        root / "forward.log",
        {"PYTHONPATH": str(CHECKOUT), "L110_DATABASE_URL": store},
    )
    again = Retold(told, process, store)
    try:
        yield again
    finally:
        process.stop()
        again.engine.dispose()
