"""What a unit answers by the signed link of a dispatch; each kind of answer is applied once."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Engine, func, select, update
from sqlalchemy.orm import Session

from db.engine import writing
from db.models import TicketEventRow, TicketRow, UnitAnswerRow
from db.ticket_moves import Order, StaleEdit, apply_move
from db.upserts import insert_into
from tickets.dispatch_text import number_of
from tickets.model import State
from tickets.roles import Actor, Role
from tickets.signed_links import AnswerKind, AnswerLink

TRIES = 5  # somebody else may change the ticket between our look and our writing


class DispatchOver(LookupError):
    """The ticket is no longer with this unit by this dispatch; the text is for who answers."""


@dataclass(frozen=True, slots=True)
class Answered:
    """again: this kind of answer was there before, and nothing was changed now."""

    number: str
    state: str
    again: bool
    at: datetime


@dataclass(frozen=True, slots=True)
class Asked:
    """What the page of a link shows before anybody answers. kinds: what may be answered now."""

    number: str
    title: str | None
    request: str | None
    place: str | None
    due_at: datetime | None
    state: str
    kinds: tuple[AnswerKind, ...]


def asked(session: Session, link: AnswerLink) -> Asked:
    """Raises DispatchOver."""
    ticket = _ticket(session, link)
    sealed = ticket.sealed
    return Asked(
        number=number_of(ticket),
        title=None if sealed else ticket.title,
        request=None if sealed else ticket.request,
        place=None if sealed else ticket.place,
        due_at=ticket.due_at,
        state=ticket.state,
        kinds=_kinds(State(ticket.state)),
    )


def answer(
    engine: Engine, link: AnswerLink, kind: AnswerKind, said: str, now: datetime
) -> Answered:
    """Apply it, in one transaction with the proof that it was applied.

    Raises:
        DispatchOver: it was recalled, given to another or sent out anew.
        MoveRefused: the ticket stands where this answer does not follow, or it needs words.
    """
    for _ in range(TRIES - 1):
        try:
            with writing(engine) as session:
                return apply_answer(session, link, kind, said, now)
        except StaleEdit:
            continue
    with writing(engine) as session:
        return apply_answer(session, link, kind, said, now)


def apply_answer(
    session: Session, link: AnswerLink, kind: AnswerKind, said: str, now: datetime
) -> Answered:
    """In the caller's transaction; also raises StaleEdit, after which it must be rolled back.

    The row of the answer comes first: a second one waits for the first to commit, and then finds
    that it is there.
    """
    row = UnitAnswerRow
    values = {"ticket_id": link.ticket_id, "dispatch_version": link.version, "kind": kind.value}
    insert = insert_into(session, row).values(**values, unit=link.unit, said=said or None, at=now)
    made = session.scalar(insert.on_conflict_do_nothing().returning(row.id))
    if made is None:
        before = session.scalars(select(row).filter_by(**values)).one()
        known = session.get_one(TicketRow, link.ticket_id)
        return Answered(number_of(known), known.state, True, before.at)
    ticket = _ticket(session, link)
    for order in _orders(ticket, link, kind, said, now):
        ticket = apply_move(session, link.ticket_id, order)
    session.execute(update(row).where(row.id == made).values(ticket_version=ticket.version))
    return Answered(number_of(ticket), ticket.state, False, now)


def _ticket(session: Session, link: AnswerLink) -> TicketRow:
    """The ticket, if it still is with that unit by that dispatch."""
    ticket = session.get(TicketRow, link.ticket_id, populate_existing=True)
    if (
        ticket is None
        or ticket.unit != link.unit
        or newest_dispatch(session, ticket) != link.version
    ):
        raise DispatchOver(
            "此次派单已收回、改派或重新派发，链接不再有效。"
            "This dispatch was recalled, given to another or sent out anew: its link is over."
        )
    return ticket


def newest_dispatch(session: Session, ticket: TicketRow) -> int | None:
    """The version with which it last became `dispatched`; None once it was screened again."""
    row = TicketEventRow
    last = {}
    for state in (State.DISPATCHED, State.SCREENED):
        query = select(func.max(row.version)).where(
            row.ticket_id == ticket.id,
            row.to_state == state.value,
            row.from_state != row.to_state,
        )
        last[state] = session.scalar(query) or 0
    dispatched = last[State.DISPATCHED]
    return dispatched if dispatched > last[State.SCREENED] else None


def _orders(
    ticket: TicketRow, link: AnswerLink, kind: AnswerKind, said: str, now: datetime
) -> list[Order]:
    """Who solves what nobody has accepted yet, accepts it with that."""
    actor = Actor(f"link:{link.unit}", frozenset({Role.HANDLER}), frozenset({link.unit}))
    version = ticket.version
    if kind is AnswerKind.ACCEPT:
        return [Order("accept", actor, now, version)]
    if kind is AnswerKind.OBJECT:
        return [Order("object", actor, now, version, because=said)]
    orders = []
    if ticket.state == State.DISPATCHED:
        orders.append(Order("accept", actor, now, version))
        version += 1
    return [*orders, Order("solve", actor, now, version, {"result": said})]


def _kinds(state: State) -> tuple[AnswerKind, ...]:
    if state is State.DISPATCHED:
        return tuple(AnswerKind)
    worked_on = state in (State.ACCEPTED, State.IN_PROGRESS)
    return (AnswerKind.SOLVE,) if worked_on else ()
