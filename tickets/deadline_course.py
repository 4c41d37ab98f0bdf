"""What has happened to a ticket's clock since its dispatch, out of its history."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from tickets.deadline import Extension
from tickets.model import State
from tickets.working_time import Span


@dataclass(frozen=True, slots=True)
class Happening:
    """One change after the dispatch. set_to: the new end that it gave, if it gave one."""

    at: datetime
    to_state: str
    set_to: datetime | None = None


@dataclass(frozen=True, slots=True)
class Course:
    """waiting_since: the ticket still waits for the citizen; the last pause then ends now."""

    pauses: tuple[Span, ...]
    extensions: tuple[Extension, ...]
    waiting_since: datetime | None


def course(happenings: Iterable[Happening], now: datetime) -> Course:
    """happenings: oldest first."""
    pauses: list[Span] = []
    extensions: list[Extension] = []
    since: datetime | None = None
    for each in happenings:
        if each.set_to:
            extensions.append(Extension(each.at, each.set_to))
        if each.to_state == State.WAITING:
            since = since or each.at
        elif since:
            pauses.append((since, each.at))
            since = None
    if since:
        pauses.append((since, max(since, now)))
    return Course(tuple(pauses), tuple(extensions), since)
