"""The two that are compared: our whole node, and a pure dialplan on the same Asterisk."""

import sqlite3
from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import Protocol

from sqlalchemy import func, select

from db.engine import reading
from db.models import CallRow, FeedPositionRow, TicketRow
from reports.witnesses import cdr_lines
from scripts.asterisk_config import SOURCES, render, render_folder
from scripts.benchmarks.cpu import cpu_s
from scripts.lab.node import Node
from scripts.lab.waiting import NeverHappened, wait_until

STORED_WITHIN_S = 30.0


class CallLost(RuntimeError):
    """A round ended and a call of it is not on record: whatever it cost is no figure."""


class Side(Protocol):
    name: str

    @property
    def sip(self) -> str: ...
    def start(self) -> None: ...
    def cpu_s(self) -> Mapping[str, float]: ...
    def await_record(self, calls: int) -> None: ...
    def stop(self) -> None: ...


class _OnANode:
    """What both sides have: a node of their own, and how many calls it has on record."""

    def __init__(self, config: Path) -> None:
        self.node = Node(config)
        self._before = 0
        # By REFER the switch brings the caller back on a second leg, which has a CDR line, too.
        self._legs = 2 if self.node.settings.release.mode == "refer" else 1

    @property
    def sip(self) -> str:
        return f"{self.node.settings.sip.host}:{self.node.settings.sip.port}"

    def stop(self) -> None:
        self.node.stop()


class Ours(_OnANode):
    """Asterisk, bridge and forwarder as shipped. SQLite is a part of the forwarder.

    A PostgreSQL server would be a process of its own, and a part of its own in `cpu_s`.
    """

    name = "livelihood110"
    PARTS: Mapping[str, str] = {"asterisk": "asterisk", "ivr": "bridge", "forward": "forwarder"}

    def start(self) -> None:
        self.node.start()

    def cpu_s(self) -> Mapping[str, float]:
        return {
            part: cpu_s([self.node.processes[process].pid]) for process, part in self.PARTS.items()
        }

    def await_record(self, calls: int) -> None:
        """Until the forwarder has nothing left to do and every call has its row and its ticket.

        Raises:
            CallLost: fewer or more than were called since the last time.
        """
        expected = self._before + calls
        _await(self._all_is_stored, expected, self._counts)
        counts = self._counts()
        if counts != self._whole(expected):
            raise CallLost(f"{expected} calls were made, and on record are {counts}")
        self._before = expected

    def _all_is_stored(self, expected: int) -> bool:
        if _cdr_lines(self.node) < expected * self._legs or self._journal_waits():
            return False
        counts, whole = self._counts(), self._whole(expected)
        return self._feed_is_read() and all(counts[what] >= whole[what] for what in whole)

    def _whole(self, calls: int) -> dict[str, int]:
        return {"calls": calls, "tickets": calls, "cdr": calls * self._legs}

    def _counts(self) -> dict[str, int]:
        """Rows of calls that are whole: released by the bridge's key, and their channel ended."""
        whole = (CallRow.trunk_held_ms.is_not(None), CallRow.release_ms.is_not(None))
        with reading(self.node.engine) as session:
            calls = session.scalar(select(func.count()).where(*whole)) or 0
            tickets = session.scalar(select(func.count()).select_from(TicketRow)) or 0
        return {"calls": calls, "tickets": tickets, "cdr": _cdr_lines(self.node)}

    def _journal_waits(self) -> bool:
        path = self.node.settings.journal_path
        journal = sqlite3.connect(f"file:{path}?mode=ro", uri=True)
        try:
            return journal.execute("SELECT 1 FROM steps LIMIT 1").fetchone() is not None
        finally:
            journal.close()

    def _feed_is_read(self) -> bool:
        settings = self.node.settings
        with reading(self.node.engine) as session:
            row = session.get(FeedPositionRow, f"cel/{settings.node}")
        return row is not None and row.offset == settings.cel_path.stat().st_size


class PureDialplan(_OnANode):
    """The same Asterisk with another dialplan, which writes its CDR and nothing else."""

    name = "pure dialplan"

    def start(self) -> None:
        home = render(self.node.settings)
        settings = self.node.settings
        switch = f"{settings.sip.switch_host}:{settings.sip.switch_port}"
        values = {"release": settings.release.mode, "switch": switch}
        render_folder(SOURCES / "bench", home.etc, values)
        self.node.start_one("asterisk")
        self.node.wait_for("asterisk")

    def cpu_s(self) -> Mapping[str, float]:
        return {"asterisk": cpu_s([self.node.processes["asterisk"].pid])}

    def await_record(self, calls: int) -> None:
        """Raises CallLost: a call has no CDR line, or more than one."""
        expected = self._before + calls
        _await(
            lambda wanted: _cdr_lines(self.node) >= wanted * self._legs,
            expected,
            lambda: {"cdr": _cdr_lines(self.node)},
        )
        if (found := _cdr_lines(self.node)) != expected * self._legs:
            raise CallLost(f"{expected} calls were made, and {found} CDR lines are written")
        self._before = expected


class _Stored(Protocol):
    def __call__(self, expected: int, /) -> bool: ...


class _Counts(Protocol):
    def __call__(self) -> Mapping[str, int]: ...


def _await(stored: _Stored, expected: int, counts: _Counts) -> None:
    try:
        wait_until(lambda: stored(expected), "every call on record", STORED_WITHIN_S, every_s=0.2)
    except NeverHappened:
        raise CallLost(f"{expected} calls were made, and on record are {counts()}") from None


def _cdr_lines(node: Node) -> int:
    """Of trunk channels; the boot mark of our own node has lines, too."""
    prefix = f"PJSIP/{node.settings.trunk.name}-"
    return (cdr_lines(node.settings.cdr_path, prefix) or Counter()).total()
