"""Lines of our logs that are about one call."""

import json
from collections.abc import Collection, Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from db.step_codec import StepUnreadable, step_from_json
from ivr.tail import generations
from routing.steps import Step
from scripts.cli.record_views import PRIVATE
from scripts.tracing.entries import Entry, Source, without_numbers

NAMES = ("ivr", "forward", "watch", "worker", "keep")
TOLD_ELSEWHERE = {"timestamp", "event", "level", "process", "call_id", "leg", "step", "node"}
# A channel's name comes again after a new start of Asterisk: only near the call it is this one's.
NEAR = timedelta(minutes=1)
PROCESSES = {"ivr": "bridge"}


@dataclass(frozen=True, slots=True)
class Wanted:
    """first, last: of the call's steps."""

    call_id: str
    legs: Collection[str]
    channels: Collection[str]
    first: datetime
    last: datetime

    def is_in(self, line: bytes) -> bool:
        """Whether it may be about this call; cheap, for a log has millions of lines."""
        names = (self.call_id, *self.legs, *self.channels)
        return any(name.encode() in line for name in names)

    def is_meant(self, told: dict[str, Any], at: datetime) -> bool:
        texts = [value for value in told.values() if isinstance(value, str)]
        if told.get("leg") in self.legs or any(self.call_id in text for text in texts):
            return True
        near = self.first - NEAR <= at <= self.last + NEAR
        return near and any(channel in text for channel in self.channels for text in texts)


def log_files(folder: Path) -> list[Path]:
    return [file for name in NAMES for file in generations(folder / f"{name}.log")]


def log_entries(
    files: Iterable[Path], wanted: Wanted, numbers: Sequence[str]
) -> tuple[list[Entry], list[Step]]:
    """And the steps that only a log has, because no disk took them."""
    entries: list[Entry] = []
    steps: list[Step] = []
    for told in _lines(files, wanted):
        at = _time(told)
        if at is None or not wanted.is_meant(told, at):
            continue
        entries.append(_entry(told, at, numbers))
        if isinstance(told.get("step"), str):
            with suppress(StepUnreadable):
                steps.append(step_from_json(told["step"]))
    return entries, steps


def _lines(files: Iterable[Path], wanted: Wanted) -> Iterator[dict[str, Any]]:
    for file in files:
        with suppress(OSError), file.open("rb") as opened:
            for line in opened:
                if wanted.is_in(line):
                    with suppress(ValueError):
                        told = json.loads(line)
                        if isinstance(told, dict):
                            yield told


def _time(told: dict[str, Any]) -> datetime | None:
    try:
        at = datetime.fromisoformat(str(told["timestamp"]))
    except (KeyError, ValueError):
        return None
    return at if at.tzinfo else at.replace(tzinfo=UTC)


def _entry(told: dict[str, Any], at: datetime, numbers: Sequence[str]) -> Entry:
    hidden = TOLD_ELSEWHERE | PRIVATE
    facts = {k: without_numbers(v, numbers) for k, v in told.items() if k not in hidden}
    process = str(told.get("process", "-"))
    return Entry(
        at,
        PROCESSES.get(process, process),
        str(told.get("event", "-")),
        Source.LOG,
        str(told.get("node", "")),
        str(told.get("leg", "")),
        facts,
    )
