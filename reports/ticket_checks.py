"""What must be true of every ticket and its history; each check names what is broken."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from itertools import pairwise
from typing import Any

from db.ticket_histories import Event, TicketHistory
from tickets.lifecycle import AT_THE_UNIT, FRESH, MOVES
from tickets.model import Exempt, State
from tickets.numbers import shanghai_day

OPENING = "open"
# Columns of the table and of the history that say the same under different names.
TOLD_BESIDE = {
    "version": "version",
    "move": "move",
    "changed_by": "by",
    "changed_at": "at",
    "because": "because",
    "state": "to_state",
}
Fault = tuple[str, str]
Check = Callable[[TicketHistory], Iterator[Fault]]


def row_is_as_last_told(history: TicketHistory) -> Iterator[Fault]:
    """A column that is younger than the event is not in its record, and is not compared."""
    if not history.events:
        yield "row-differs", "it has no history"
        return
    last = history.events[-1]
    beside = {column: getattr(last, name) for column, name in TOLD_BESIDE.items()}
    told = {**history.last, **beside}
    others = [
        name
        for name, value in told.items()
        if name in history.row and not _same(history.row[name], value)
    ]
    if others:
        yield "row-differs", f"its last event says otherwise of {', '.join(sorted(others))}"


def versions_are_whole(history: TicketHistory) -> Iterator[Fault]:
    """Only a call that nobody has touched yet may be told again at version 1."""
    for before, after in pairwise(history.events):
        again = after.version == before.version == 1 and after.move == OPENING
        if not again and after.version != before.version + 1:
            yield "versions-broken", f"version {after.version} comes after {before.version}"


def begins_with_its_opening(history: TicketHistory) -> Iterator[Fault]:
    first = history.events[0] if history.events else None
    if first and (first.version, first.move, first.from_state) != (1, OPENING, None):
        yield "versions-broken", f"it begins at version {first.version} with {first.move}"


def states_follow_each_other(history: TicketHistory) -> Iterator[Fault]:
    for before, after in pairwise(history.events):
        if after.from_state != before.to_state:
            yield (
                "states-broken",
                f"version {after.version} comes from {after.from_state}, not {before.to_state}",
            )


def moves_are_of_the_table(history: TicketHistory) -> Iterator[Fault]:
    for n, event in enumerate(history.events):
        if not _allowed(event, history.events[:n]):
            yield (
                "move-not-allowed",
                f"version {event.version}: {event.move} from {event.from_state}"
                f" to {event.to_state}",
            )


def closed_after_a_call_back(history: TicketHistory) -> Iterator[Fault]:
    row = history.row
    if row["state"] != State.CLOSED or row["close_exempt"] in {each.value for each in Exempt}:
        return
    solved_at = row["solved_at"]
    if not any(solved_at is None or at >= solved_at for at in history.called_back):
        yield "closed-unasked", "closed without an ended call-back after it was solved"


def joined_to_a_head(history: TicketHistory) -> Iterator[Fault]:
    row = history.row
    if row["state"] != State.JOINED:
        if row["joined_to"] is not None:
            yield "joined-nowhere", f"it is {row['state']} and points to {row['joined_to']}"
    elif history.head is None:
        yield "joined-nowhere", f"no ticket has the id {row['joined_to']}"
    elif history.head == State.WITHDRAWN:
        yield "joined-nowhere", f"{row['joined_to']} is withdrawn"


def part_has_its_whole(history: TicketHistory) -> Iterator[Fault]:
    if history.row["parent_id"] is not None and not history.parent_split:
        yield "part-without-whole", f"{history.row['parent_id']} is not there or was never split"
    if history.row["state"] == State.SPLIT and not history.parts:
        yield "part-without-whole", "it is split into nothing"


def somebody_is_responsible(history: TicketHistory) -> Iterator[Fault]:
    claimed = any(event.move in ("claim", "take") for event in history.events)
    sent = history.row["dispatched_at"] is not None
    if (claimed or sent) and not history.row["claimed_by"]:
        yield "nobody-responsible", "it was claimed or dispatched, and nobody answers for it"


def number_is_of_its_day(history: TicketHistory) -> Iterator[Fault]:
    """Of the first time that was told: a call may be told again with its exact one."""
    number = history.row["number"]
    opened_at = _time(history.first.get("opened_at")) or history.row["opened_at"]
    if number is not None and number[:8] != f"{shanghai_day(opened_at):%Y%m%d}":
        yield "number-of-another-day", f"opened on {shanghai_day(opened_at)}"


def unit_has_a_deadline(history: TicketHistory) -> Iterator[Fault]:
    row = history.row
    at_the_unit = State(row["state"]) in AT_THE_UNIT
    if at_the_unit and row["deadline_class"] and row["due_at"] is None:
        yield "no-deadline", f"{row['state']} in class {row['deadline_class']} without a time"


# Of tickets that are older than the history only the part of it that there is can be checked.
CHECKS: tuple[Check, ...] = (
    versions_are_whole,
    states_follow_each_other,
    moves_are_of_the_table,
    closed_after_a_call_back,
    joined_to_a_head,
    part_has_its_whole,
    somebody_is_responsible,
    number_is_of_its_day,
    unit_has_a_deadline,
)
OF_HISTORY: tuple[Check, ...] = (row_is_as_last_told, begins_with_its_opening)


def faults(history: TicketHistory, *, older: bool = False) -> list[Fault]:
    """older: it was opened by a release that kept no history."""
    checks = CHECKS if older else OF_HISTORY + CHECKS
    return [fault for check in checks for fault in check(history)]


def _allowed(event: Event, before: Sequence[Event]) -> bool:
    if event.move == OPENING:
        return event.version == 1 and event.to_state in FRESH
    move = MOVES.get(event.move)
    if move is None or event.from_state not in move.froms:
        return False
    if move.undoes:
        undone = [each for each in before if each.move == move.undoes]
        return bool(undone) and event.to_state == undone[-1].from_state
    return event.to_state == (move.to or event.from_state)


def _same(value: object, told: object) -> bool:
    """Whether a column's value is what a record in JSON says."""
    if isinstance(value, datetime):
        return _time(told) == value
    return value == told  # SQLite writes a truth as 0 or 1, which are equal to it


def _time(told: object) -> datetime | None:
    if isinstance(told, datetime) or not isinstance(told, str):
        return told if isinstance(told, datetime) else None
    at = datetime.fromisoformat(told)
    return at.replace(tzinfo=UTC) if at.tzinfo is None else at


def is_older(history: TicketHistory, begins: int | None) -> bool:
    return begins is None or history.id < begins


def names(row: Mapping[str, Any]) -> str:
    return str(row["number"] or row["provisional_number"])
