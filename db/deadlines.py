"""Deadlines of tickets: set with the moves that begin or shift them, explained from the history."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime

from sqlalchemy import Engine, select
from sqlalchemy.orm import Session

from db.calendar import load_calendar
from db.engine import reading, writing
from db.models import TicketDeadlineRow, TicketEventRow, TicketRow
from db.ticket_moves import Order, StaleEdit, TicketUnknown, apply_move
from tickets.deadline import Deadline, deadline
from tickets.deadline_course import Happening, course
from tickets.deadline_rules import DeadlineClassUnknown, DeadlineRules
from tickets.fields import fields_given
from tickets.ladder import SUPERVISED
from tickets.model import State
from tickets.refused import MoveRefused, Refusal
from tickets.roles import system
from tickets.working_time import DeadlineTooFar, WorkingTime, measure

SHIFTED_BY = frozenset({"go-on", "grant"})
WITH_DEADLINE = SHIFTED_BY | {"dispatch"}
CHANGED = "the working days were published or changed"
PAGE = 200


@dataclass(frozen=True, slots=True)
class Explained:
    """A ticket's deadline as its history makes it. waiting_since: its clock stands since then."""

    deadline_class: str
    tier: str
    deadline: Deadline
    waiting_since: datetime | None


def order_with_deadline(
    session: Session, ticket_id: int, order: Order, rules: DeadlineRules
) -> TicketRow:
    """apply_move, and the deadline that goes with it: for `dispatch`, `go-on` and `grant`.

    Every other move is passed on as it is, so a caller may send them all through here. A `due_at`
    given with a dispatch or an overruling stands in place of the tier's end.

    Raises:
        MoveRefused: as apply_move; or no such deadline class, an end ten years ahead, or a `due_at`
            given with go-on or grant, which compute it.
    """
    try:
        if order.move == "dispatch":
            return _dispatch(session, ticket_id, order, rules)
        if order.move in SHIFTED_BY:
            return _shift(session, ticket_id, order, rules)
    except (DeadlineClassUnknown, DeadlineTooFar) as fault:
        raise MoveRefused(Refusal.MISSING, str(fault)) from None
    return apply_move(session, ticket_id, order)


def explain(
    session: Session, ticket: TicketRow, now: datetime, time: WorkingTime
) -> Explained | None:
    """How the ticket's deadline was reached; None if it was dispatched without one."""
    begun = _begun(session, [ticket.id]).get(ticket.id)
    if begun is None:
        return None
    return _explained(begun, _happenings(session, begun), now, time)


def recompute(
    engine: Engine, now: datetime, rules: DeadlineRules, *, every: bool = False
) -> list[str]:
    """Deadlines of open tickets anew, where days were published or changed: the numbers that moved.

    every: also those that were final. Safe to run from several workers: a ticket that somebody
    else changes meanwhile is left for the next time.
    """
    moved: list[str] = []
    with reading(engine) as session:
        time = rules.time(load_calendar(session))
        ids = _open_with_deadline(session, every=every)
    for start in range(0, len(ids), PAGE):
        with writing(engine) as session:
            moved += _recomputed(session, ids[start : start + PAGE], now, time)
    return moved


def recompute_provisional(engine: Engine, now: datetime, rules: DeadlineRules) -> list[str]:
    """For the worker, each hour: what was provisional, and is final or elsewhere by now."""
    return recompute(engine, now, rules)


def _dispatch(session: Session, ticket_id: int, order: Order, rules: DeadlineRules) -> TicketRow:
    ticket = _ticket(session, ticket_id)
    given = fields_given(order.move, order.given)
    service = given.get("service_class") or ticket.service_class
    name = str(given.get("deadline_class") or ticket.deadline_class or rules.class_for(service))
    tier = rules.tier(name, str(given.get("urgency") or ticket.urgency))
    given["deadline_class"] = name
    by_hand = given.get("due_at")
    if by_hand is None:
        found = deadline(order.at, tier, rules.time(load_calendar(session)))
        given |= {"due_at": found.due_at, "due_provisional": found.provisional}
    changed = apply_move(session, ticket_id, replace(order, given=given))
    session.add(
        TicketDeadlineRow(
            ticket_id=ticket_id, version=changed.version, deadline_class=name, tier=str(tier),
            started_at=order.at, set_to=by_hand,
        )
    )  # fmt: skip
    session.flush()
    return changed


def _shift(session: Session, ticket_id: int, order: Order, rules: DeadlineRules) -> TicketRow:
    if order.given.get("due_at"):
        raise MoveRefused(Refusal.MISSING, f"{order.move} computes due_at by itself: leave it out")
    ticket = _ticket(session, ticket_id)
    begun = _begun(session, [ticket_id]).get(ticket_id)
    given = dict(order.given)
    if begun is not None:
        set_to = ticket.extension_to if order.move == "grant" else None
        coming = Happening(order.at, State.IN_PROGRESS, set_to)
        happened = [*_happenings(session, begun), coming]
        time = rules.time(load_calendar(session))
        found = _explained(begun, happened, order.at, time).deadline
        given |= {"due_at": found.due_at, "due_provisional": found.provisional}
    elif order.move == "grant":
        given["due_at"] = ticket.extension_to
    return apply_move(session, ticket_id, replace(order, given=given))


def _ticket(session: Session, ticket_id: int) -> TicketRow:
    ticket = session.get(TicketRow, ticket_id, populate_existing=True)
    if ticket is None:
        raise TicketUnknown(str(ticket_id))
    return ticket


def _begun(session: Session, ids: Sequence[int]) -> dict[int, TicketDeadlineRow]:
    """The tier of the newest dispatch of each."""
    query = select(TicketDeadlineRow).where(TicketDeadlineRow.ticket_id.in_(ids))
    rows = session.scalars(query.order_by(TicketDeadlineRow.version))
    return {row.ticket_id: row for row in rows}


def _happenings(session: Session, begun: TicketDeadlineRow) -> list[Happening]:
    query = select(TicketEventRow).where(
        TicketEventRow.ticket_id == begun.ticket_id, TicketEventRow.version >= begun.version
    )
    return list(_told(session.scalars(query.order_by(TicketEventRow.id)).all()))


def _told(events: Sequence[TicketEventRow]) -> Iterator[Happening]:
    """A supervisor may give a new end with an overruling; one that only stands there is none."""
    before: object = None
    for event in events:
        record = event.record
        due_at = record.get("due_at")
        set_to = record.get("extension_to") if event.move == "grant" else None
        if event.move == "overrule" and due_at != before:
            set_to = due_at
        before = due_at
        if event.at is not None:
            yield Happening(event.at, event.to_state, _time(set_to))


def _time(text: object) -> datetime | None:
    """As either store writes a time into a history's JSON: SQLite without its zone, UTC."""
    if not isinstance(text, str):
        return None
    at = datetime.fromisoformat(text)
    return at if at.tzinfo else at.replace(tzinfo=UTC)


def _explained(
    begun: TicketDeadlineRow, happened: Sequence[Happening], now: datetime, time: WorkingTime
) -> Explained:
    since = course(happened, now)
    found = deadline(
        begun.started_at, measure(begun.tier), time, since.pauses, since.extensions,
        set_to=begun.set_to,
    )  # fmt: skip
    return Explained(begun.deadline_class, begun.tier, found, since.waiting_since)


def _open_with_deadline(session: Session, *, every: bool) -> Sequence[int]:
    query = select(TicketRow.id).where(
        TicketRow.state.in_(sorted(SUPERVISED)), TicketRow.due_at.is_not(None)
    )
    if not every:
        query = query.where(TicketRow.due_provisional)
    return session.scalars(query.order_by(TicketRow.id)).all()


def _recomputed(
    session: Session, ids: Sequence[int], now: datetime, time: WorkingTime
) -> list[str]:
    begun = _begun(session, ids)
    moved = []
    query = select(TicketRow).where(TicketRow.id.in_(begun)).order_by(TicketRow.id)
    for ticket in session.scalars(query).all():
        found = _explained(begun[ticket.id], _happenings(session, begun[ticket.id]), now, time)
        new = {"due_at": found.deadline.due_at, "due_provisional": found.deadline.provisional}
        if new == {"due_at": ticket.due_at, "due_provisional": ticket.due_provisional}:
            continue
        order = Order("recompute", system("deadlines"), now, ticket.version, new, CHANGED)
        try:
            apply_move(session, ticket.id, order)
        except (StaleEdit, MoveRefused):
            continue
        moved.append(ticket.number or ticket.provisional_number)
    return moved
