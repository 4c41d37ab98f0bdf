"""The CEL file as a feed: from a known position on, across rotation, cutting and bad lines."""

import os
import time
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO, Final, Protocol

from ivr.cel import CelLineBad, parse_line, second_half
from ivr.starts import not_in_feed, recall
from ivr.tail import Position, head_of, open_from
from routing.steps import Step, StepKind

MAX_LINE: Final = 64 * 1024
MAX_BYTES: Final = 4 * 1024 * 1024


class FeedUnreadable(OSError):
    """The feed's folder or file cannot be read; it is tried again."""


class Place(Protocol):
    """A position as the store gives it back."""

    @property
    def inode(self) -> int: ...
    @property
    def offset(self) -> int: ...
    @property
    def head(self) -> str: ...


@dataclass(frozen=True, slots=True)
class BadLine:
    offset: int
    raw: bytes
    problem: str


@dataclass(frozen=True, slots=True)
class Line:
    """`raw` without its end; `too_long` lines keep their beginning only."""

    offset: int
    end: int
    raw: bytes
    too_long: bool = False


@dataclass(slots=True)
class CelBatch:
    steps: list[Step] = field(default_factory=list)
    bad: list[BadLine] = field(default_factory=list)
    position: Position | None = None
    bytes_read: int = 0

    def full(self, limit: int) -> bool:
        return len(self.steps) + len(self.bad) >= limit or self.bytes_read >= MAX_BYTES


class CelFeed:
    """`next_batch` goes on from what was last `committed`, so a failed store reads the same again.

    settle_s: a rotated file is left only when nobody has written to it for so long.
    starts: folder in memory with what a killed Asterisk had begun; read when a boot is.
    """

    def __init__(
        self,
        path: Path,
        node: str,
        position: Place | None = None,
        *,
        trunk_prefix: str = "PJSIP/l110-trunk-",
        settle_s: float = 1.0,
        starts: Path | None = None,
    ) -> None:
        self.name = f"cel/{node}"
        self.bad_lines = 0
        self._path = path
        self._node = node
        self._prefix = trunk_prefix
        self._settle_s = settle_s
        self._starts = starts
        self._held: BinaryIO | None = None
        self._position: Position | None = None
        self.seek(position)

    @property
    def position(self) -> Position | None:
        return self._position

    def seek(self, position: Place | None) -> None:
        if position is not None:
            self._position = Position(position.inode, position.offset, position.head)

    def next_batch(self, limit: int) -> CelBatch:
        """At most about `limit` steps; `position` is None where nothing was read.

        Raises:
            FeedUnreadable: the folder is missing, or something in it may not be read.
        """
        if not self._path.parent.is_dir():
            raise FeedUnreadable(f"{self._path.parent}: no such folder")
        batch = CelBatch()
        with ExitStack() as open_files:
            try:
                files = open_from(self._path, self._position, self._held)
            except OSError as fault:
                raise FeedUnreadable(f"{self._path}: {fault.strerror}") from fault
            for file in files:
                open_files.callback(file.close)
            self._read_files(files, batch, limit)
        return batch

    def committed(self, batch: CelBatch) -> None:
        """The store has it: go on behind it, and hold the file open against being moved away."""
        if batch.position is None:
            return
        self.bad_lines += len(batch.bad)
        self._position = batch.position
        self._hold()

    def close(self) -> None:
        if self._held:
            self._held.close()
            self._held = None

    def _hold(self) -> None:
        if self._held and self._position and _inode(self._held) == self._position.inode:
            return
        self.close()
        if self._path.exists() and self._position:
            held = self._path.open("rb")
            if _inode(held) == self._position.inode:
                self._held = held
            else:
                held.close()

    def _read_files(self, files: list[BinaryIO], batch: CelBatch, limit: int) -> None:
        for index, file in enumerate(files):
            last = index == len(files) - 1
            settled = not last and abs(time.time() - _written(file)) >= self._settle_s
            before = self._position
            start = before.offset if index == 0 and before and self._continues(file) else 0
            end = self._read_file(file, start, batch, limit, final=settled)
            if end != start or (before and before.inode != _inode(file)):
                batch.position = Position(_inode(file), end, head_of(file, end))
            if last or not settled or batch.full(limit):
                return

    def _continues(self, file: BinaryIO) -> bool:
        assert self._position is not None
        same = head_of(file, self._position.offset) == self._position.head
        return same and os.fstat(file.fileno()).st_size >= self._position.offset

    def _read_file(
        self, file: BinaryIO, start: int, batch: CelBatch, limit: int, *, final: bool
    ) -> int:
        end = start
        for line in lines(file, start, final=final):
            step = self._take(line, batch)
            if step and step.kind is StepKind.BOOT and self._starts:
                killed = recall(self._starts, self._node, step.at)
                batch.steps.extend(not_in_feed(killed, file, line.offset))
            end = line.end
            batch.bytes_read += line.end - line.offset
            if batch.full(limit):
                break
        return end

    def _take(self, line: Line, batch: CelBatch) -> Step | None:
        if line.too_long:
            batch.bad.append(BadLine(line.offset, line.raw, "longer than 64 kB"))
            return None
        try:
            step = parse_line(line.raw, self._node, self._prefix)
        except CelLineBad as fault:
            batch.bad.append(BadLine(line.offset, line.raw, str(fault)))
            step = self._saved(line.raw)
        if step:
            batch.steps.append(step)
        return step

    def _saved(self, raw: bytes) -> Step | None:
        half = second_half(raw)
        try:
            return parse_line(half, self._node, self._prefix) if half else None
        except CelLineBad:
            return None


def lines(file: BinaryIO, start: int, *, final: bool) -> Iterator[Line]:
    """Whole lines from `start` on; what has no end yet waits, unless the file is `final`."""
    file.seek(start)
    while raw := file.readline(MAX_LINE + 1):
        end = start + len(raw)
        too_long = len(raw) > MAX_LINE
        rest = raw
        while not rest.endswith(b"\n") and (rest := file.readline(MAX_LINE)):
            too_long = True
            end += len(rest)
        if not rest.endswith(b"\n") and not final:
            return
        if raw.strip():
            yield Line(start, end, raw.rstrip(b"\r\n")[:MAX_LINE], too_long)
        start = end


def _inode(file: BinaryIO) -> int:
    return os.fstat(file.fileno()).st_ino


def _written(file: BinaryIO) -> float:
    return os.fstat(file.fileno()).st_mtime
