"""What an Asterisk of the lab wrote about its calls, read as it was written."""

import json
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import parse_qsl


@dataclass(frozen=True, slots=True)
class Event:
    """One line of a CEL feed. `at` is epoch seconds of that Asterisk's clock."""

    name: str
    at: float
    uniqueid: str
    channel: str
    facts: dict[str, str]


def read_events(path: Path) -> list[Event]:
    """All whole lines so far, in order; a line that is still being written is left for later."""
    if not path.exists():
        return []
    text = path.read_bytes().decode("utf-8", errors="replace")
    return [_event(line) for line in text.splitlines(keepends=True) if line.endswith("\n")]


def _event(line: str) -> Event:
    row = json.loads(line)
    extra = json.loads(row["eventextra"])["extra"] if row["eventextra"] else ""
    facts = dict(parse_qsl(extra, keep_blank_values=True))
    at, channel = float(row["eventtime"]), row["channame"]
    return Event(row["eventtype"], at, row["uniqueid"], channel, facts)
