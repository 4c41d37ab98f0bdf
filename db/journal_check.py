"""A journal's file looked at by somebody who must not change it: what it is, and if it is whole."""

import contextlib
import sqlite3
import struct
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from db.journal_file import refuse_newer
from db.step_codec import StepUnreadable, step_from_json

LOOK_AGAIN_S = 0.3
WAL_HEADER, FRAME_HEADER = 32, 24
BIG_ENDIAN_SUMS = 0x377F0683  # the log's magic number; one less: little-endian


@dataclass(frozen=True, slots=True)
class JournalLook:
    """oldest: body of the step that waits longest. size: bytes of the file and its log."""

    release: str
    waiting: int
    oldest: str | None
    size: int


@dataclass(frozen=True, slots=True)
class BadStep:
    seq: int
    problem: str


@dataclass(frozen=True, slots=True)
class JournalProof:
    """damage: what SQLite says of its pages. torn: pages at the log's end that were never
    committed whole; nobody was told that they are kept."""

    steps: int
    damage: tuple[str, ...]
    unreadable: tuple[BadStep, ...]
    torn: int

    @property
    def whole(self) -> bool:
        return not (self.damage or self.unreadable or self.torn)


def look_at_journal(path: Path) -> JournalLook:
    """Raises JournalTooNew, sqlite3.Error."""
    with _reading(path) as connection:
        release = refuse_newer(connection, path)
        (count,) = connection.execute("SELECT count(*) FROM steps").fetchone()
        oldest = connection.execute("SELECT body FROM steps ORDER BY seq LIMIT 1").fetchone()
    return JournalLook(release, int(count), oldest[0] if oldest else None, size_of(path))


def verify_journal(path: Path) -> JournalProof:
    """Raises JournalTooNew, sqlite3.Error: not even SQLite can open it."""
    torn = torn_pages(path)
    if torn:  # perhaps the bridge is just writing: what is torn stays torn
        time.sleep(LOOK_AGAIN_S)
        torn = min(torn, torn_pages(path))
    with _reading(path) as connection:
        refuse_newer(connection, path)
        damage: tuple[str, ...] = ()
        bad: list[BadStep] = []
        steps = 0
        try:
            said = [row[0] for row in connection.execute("PRAGMA integrity_check(20)")]
            damage = tuple(line for line in said if line != "ok")
            for seq, body in connection.execute("SELECT seq, body FROM steps ORDER BY seq"):
                steps += 1
                bad += _bad_step(seq, body)
        except sqlite3.DatabaseError as fault:
            damage += (f"the steps after the first {steps} cannot be read: {fault}",)
    return JournalProof(steps, damage, tuple(bad), torn)


def _bad_step(seq: int, body: object) -> list[BadStep]:
    if not isinstance(body, str):
        return [BadStep(seq, f"no text: {type(body).__name__}")]
    try:
        step_from_json(body)
    except StepUnreadable as fault:
        return [BadStep(seq, str(fault.__cause__))]  # without the step: it holds a number
    return []


@contextlib.contextmanager
def _reading(path: Path) -> Iterator[sqlite3.Connection]:
    source = sqlite3.connect(f"{path.resolve().as_uri()}?mode=ro", uri=True, timeout=2)
    source.text_factory = lambda raw: raw.decode("utf-8", "surrogateescape")
    with contextlib.closing(source) as connection:
        yield connection


def size_of(path: Path) -> int:
    both = (path, _log_of(path))
    return sum(file.stat().st_size for file in both if file.exists())


def _log_of(path: Path) -> Path:
    return path.with_name(f"{path.name}-wal")


def torn_pages(path: Path) -> int:
    """Pages in the log behind its last whole commit, of the log's own generation.

    By the form of SQLite's file format, section 4 (https://www.sqlite.org/fileformat2.html).
    """
    log = _log_of(path)
    raw = log.read_bytes() if log.exists() else b""
    if len(raw) < WAL_HEADER:
        return 0
    magic, _, page, _, *salts, first, second = struct.unpack(">8I", raw[:WAL_HEADER])
    order = ">" if magic == BIG_ENDIAN_SUMS else "<"
    sums = _sums(raw[: WAL_HEADER - 8], (0, 0), order)
    if sums != (first, second) or not page:
        return 0  # of no generation at all: SQLite begins it anew
    chained, pending = True, 0
    for start in range(WAL_HEADER, len(raw), FRAME_HEADER + page):
        frame = raw[start : start + FRAME_HEADER + page]
        if len(frame) >= 16 and list(struct.unpack(">2I", frame[8:16])) != salts:
            break  # what is left of an older generation
        pending += 1
        if chained and len(frame) == FRAME_HEADER + page:
            sums = _sums(frame[:8], sums, order)
            sums = _sums(frame[FRAME_HEADER:], sums, order)
            chained = struct.pack(">2I", *sums) == frame[16:FRAME_HEADER]
            if chained and frame[4:8] != bytes(4):
                pending = 0
        else:
            chained = False
    return pending


def _sums(part: bytes, sums: tuple[int, int], order: str) -> tuple[int, int]:
    first, second = sums
    words = struct.unpack(f"{order}{len(part) // 4}I", part)
    for left, right in zip(words[::2], words[1::2], strict=True):
        first = (first + left + second) & 0xFFFFFFFF
        second = (second + right + first) & 0xFFFFFFFF
    return first, second
