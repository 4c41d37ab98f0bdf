"""Asterisk's CDR file (cdr_custom): a second witness only, never the record of a call."""

import csv
import json
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

CSV_FIELDS: Final = ("uniqueid", "channel", "start", "answer", "end", "disposition")


@dataclass(frozen=True, slots=True)
class CdrLine:
    uniqueid: str
    channel: str
    disposition: str


def read_cdr(path: Path, trunk_prefix: str = "PJSIP/l110-trunk-") -> Iterator[CdrLine]:
    """Lines of trunk channels, JSON or CSV in the order of CSV_FIELDS; what is broken is skipped.

    A missing file is an empty one: the witness may be away.
    """
    if not path.exists():
        return
    with path.open(encoding="utf-8", errors="replace") as file:
        for text in file:
            line = _read(text)
            if line and line.channel.startswith(trunk_prefix):
                yield line


def count_by_uniqueid(lines: Iterable[CdrLine]) -> Counter[str]:
    return Counter(line.uniqueid for line in lines)


def _read(text: str) -> CdrLine | None:
    try:
        fields = _json(text) if text.startswith("{") else _csv(text)
        return CdrLine(fields["uniqueid"], fields["channel"], fields.get("disposition", ""))
    except (ValueError, KeyError, RecursionError, csv.Error):
        return None


def _json(text: str) -> dict[str, str]:
    value = json.loads(text)
    return {str(name).lower(): str(field) for name, field in value.items()}


def _csv(text: str) -> dict[str, str]:
    row = next(csv.reader([text]), [])
    return dict(zip(CSV_FIELDS, row, strict=False))
