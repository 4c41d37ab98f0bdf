"""One ticket as it is told: how it was opened, each change, each call-back, its call."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from db.ticket_moves import goes_with
from tickets.lifecycle import MOVES
from tickets.roles import Actor


@dataclass(frozen=True, slots=True)
class Change:
    """values: the columns that it writes besides who, when and why; state among them if it moves.

    given: what the person gave, as an order of db/ticket_moves.py would have it.
    """

    move: str
    actor: Actor
    at: datetime
    because: str | None
    given: Mapping[str, Any]
    values: Mapping[str, Any]


@dataclass(slots=True)
class Life:
    """`row`: the ticket as it was opened. at: the time of the last thing that happened.

    `key`: its place among the day's tickets; `of`: the one that it is joined to or a part of.
    """

    row: dict[str, Any]
    at: datetime
    state: str = "new"
    responsible: Actor | None = None
    unit: str = ""
    solved_at: datetime | None = None
    changes: list[Change] = field(default_factory=list)
    call_backs: list[dict[str, Any]] = field(default_factory=list)
    call: dict[str, Any] | None = None
    part_of: "Life | None" = None
    joined_to: "Life | None" = None

    def do(
        self,
        move: str,
        actor: Actor,
        after: timedelta,
        because: str | None = None,
        **given: Any,  # noqa: ANN401  columns of any type
    ) -> None:
        """The next move, so long after the last."""
        self.at += after
        values = {**given, **goes_with(MOVES[move], self.at)}
        self.state = values.get("state", self.state)
        self.changes.append(Change(move, actor, self.at, because, given, values))

    def until(self, end: datetime) -> None:
        """Forgets what has not happened yet."""
        self.changes = [change for change in self.changes if change.at < end]
        self.call_backs = [each for each in self.call_backs if each["ended_at"] < end]

    def stalls(self, after: int) -> None:
        """Nobody does anything any more after so many changes."""
        self.changes = self.changes[:after]
        last = self.changes[-1].at if self.changes else self.row["opened_at"]
        self.until(last + timedelta(microseconds=1))
