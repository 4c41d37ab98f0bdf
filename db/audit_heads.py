"""The end of the audit chain, noted beside the store: what is cut off there is missed here."""

import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Head:
    seq: int
    hash: str


class HeadFile:
    """One line a head, `SEQ HASH`, appended in one write: any number of processes share it.

    Chained rows show what was altered in the middle, but the last rows can be deleted without a
    trace in the table. A copy of this file on another machine shows that too.
    """

    def __init__(self, path: Path) -> None:
        self.path = path

    def note(self, head: Head) -> None:
        """A file that cannot be written takes nobody's work away: `verify` then knows less."""
        line = f"{head.seq} {head.hash}\n".encode()
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            descriptor = os.open(self.path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
            try:
                os.write(descriptor, line)
            finally:
                os.close(descriptor)
        except OSError:
            return

    def read(self) -> dict[int, str]:
        """seq -> hash; of a row that was noted twice, the first. Raises OSError."""
        found: dict[int, str] = {}
        for head in self._heads():
            found.setdefault(head.seq, head.hash)
        return found

    def _heads(self) -> Iterator[Head]:
        if not self.path.exists():
            return
        with self.path.open(encoding="utf-8", errors="replace") as lines:
            for line in lines:
                seq, _, hashed = line.strip().partition(" ")
                if seq.isdecimal() and len(hashed) == 64:
                    yield Head(int(seq), hashed)
