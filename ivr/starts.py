"""The last starts of calls, as the dialplan wrote them into memory before it answered.

Asterisk's own feed is written by a thread: a call that was answered in the last milliseconds of a
killed Asterisk may not stand in it. Every start is therefore also a small file in memory, one of a
thousand that are written over in turn (docs/decisions/0023-a-start-in-memory.md).
"""

from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import BinaryIO, Final

from ivr.cel import CelLineBad, parse_line
from routing.steps import Step, StepKind

MOST_BYTES: Final = 64 * 1024  # of one file
FEED_BYTES: Final = 4 * 1024 * 1024  # of the feed before the boot: more than a thousand calls
BEGINS: Final = {StepKind.START, StepKind.JOINED}


def not_in_feed(starts: list[Step], feed: BinaryIO, boot_at: int) -> list[Step]:
    """Those of which the feed says nothing before byte `boot_at`."""
    if not starts:
        return []
    here = feed.tell()
    feed.seek(max(0, boot_at - FEED_BYTES))
    told = feed.read(min(boot_at, FEED_BYTES))
    feed.seek(here)
    begun = {step.leg for line in told.splitlines() if (step := _start(line, ""))}
    return [step for step in starts if step.leg not in begun]


def recall(folder: Path, node: str, before: datetime) -> list[Step]:
    """Starts from before that moment, oldest first; a file cut short by the kill is none."""
    found = [step for raw in _files(folder) if (step := _start(raw, node)) and step.at < before]
    return sorted(found, key=lambda step: step.at)


def _files(folder: Path) -> Iterator[bytes]:
    for path in folder.iterdir() if folder.is_dir() else ():
        try:
            with path.open("rb") as file:
                yield file.read(MOST_BYTES)
        except OSError:
            continue


def _start(raw: bytes, node: str) -> Step | None:
    try:
        step = parse_line(raw.strip(), node)
    except CelLineBad:
        return None
    return step if step and step.kind in BEGINS else None
