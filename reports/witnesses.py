"""Asterisk's own files beside the audit: how many lines speak of each trunk channel."""

from collections import Counter
from pathlib import Path

from ivr.cdr import count_by_uniqueid, read_cdr
from ivr.cel import CelLineBad, parse_line
from ivr.tail import generations
from routing.steps import StepKind


def cel_starts(path: Path, trunk_prefix: str = "PJSIP/l110-trunk-") -> Counter[str] | None:
    """CHAN_START by uniqueid, over the file and its rotated forms; None if there is none."""
    files = generations(path)
    if not files:
        return None
    starts: Counter[str] = Counter()
    for file in files:
        with file.open("rb") as lines:
            starts.update(uniqueid for line in lines if (uniqueid := _started(line, trunk_prefix)))
    return starts


def cdr_lines(path: Path, trunk_prefix: str = "PJSIP/l110-trunk-") -> Counter[str] | None:
    """CDR lines by uniqueid; None if there is no file."""
    return count_by_uniqueid(read_cdr(path, trunk_prefix)) if path.exists() else None


def _started(line: bytes, trunk_prefix: str) -> str | None:
    try:
        step = parse_line(line, "", trunk_prefix)
    except CelLineBad:
        return None
    return step.leg if step and step.kind is StepKind.CHAN_START else None
