"""What a person does with tickets: seen, opened, moved, revealed, each within his rights.

The API and `l110 tickets` both come here, so that both mean the same and both are audited.
"""

import secrets
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, TypeVar

from sqlalchemy.orm import Session

from db.audit_log import Entry
from db.engine import writing
from db.models import TicketRow
from db.splits import split
from db.ticket_access import live_seat, seats_of_call
from db.ticket_moves import Order, StaleEdit, TicketUnknown
from db.tickets import find_ticket, open_ticket
from desk.context import Desk
from desk.views import TicketView, columns_view, ticket_view
from tickets.access import may_reveal, may_see
from tickets.fields import TIMES
from tickets.model import ServiceClass, Source, State
from tickets.numbers import provisional_number
from tickets.opening import TicketDraft
from tickets.refused import MoveRefused, Refusal
from tickets.roles import DESK, Actor, Role

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Who:
    """address: from where, for the audit."""

    actor: Actor
    seat: str | None
    address: str


@dataclass(frozen=True, slots=True)
class Wish:
    """given: fields of tickets/fields.py; times as ISO 8601 with a zone, `joined_to` as a number
    of a ticket."""

    move: str
    version: int
    given: Mapping[str, Any] = field(default_factory=dict)
    because: str = ""


@dataclass(frozen=True, slots=True)
class NewTicket:
    source: Source
    service_class: ServiceClass
    caller: str | None
    given: Mapping[str, Any]


class NotYours(PermissionError):
    """The ticket is there, and this person may not see it or not do this."""


class NoNumber(LookupError):
    """The caller's number is not known."""


class Stale(MoveRefused):
    """Both texts: what was wished for, and the ticket as it stands."""

    def __init__(self, text: str, yours: Mapping[str, Any], now: TicketView) -> None:
        super().__init__(Refusal.STALE, text)
        self.yours = yours
        self.now = now


def ticket_for(session: Session, who: Who, number: str) -> TicketRow:
    """Raises TicketUnknown, NotYours."""
    ticket = find_ticket(session, number)
    if ticket is None:
        raise TicketUnknown(f"no ticket has the number {number[:60]}")
    his = Role.CALL_TAKER in who.actor.roles and who.seat is not None
    of_his_call = his and who.seat in seats_of_call(session, ticket.call_id)
    if not may_see(ticket, who.actor, of_his_call=of_his_call):
        whose = "it is sealed" if ticket.sealed else f"it is with {ticket.unit or 'the desk'}"
        raise NotYours(f"{number} is not for you to see: {whose}")
    return ticket


def open_new(desk: Desk, who: Who, new: NewTicket) -> TicketView:
    """A ticket without a call, with the fields that are known. Raises NotYours, MoveRefused."""
    if not who.actor.is_any(DESK):
        raise NotYours("a ticket is opened by an operator or a supervisor")
    now = desk.now()
    draft = TicketDraft(
        provisional_number(secrets.token_hex(16)),
        None,
        new.source,
        new.service_class,
        new.caller,
        State.NEW,
        now,
        None,
    )
    with writing(desk.engine) as session:
        row = open_ticket(session, draft, by=who.actor.name)
        if new.given:
            order = Order("edit", who.actor, now, 1, _given(session, new.given))
            row = desk.apply(session, row.id, order)
        view = ticket_view(session, row)
        _audit(desk, session, who, "ticket.open", view.number, {"fields": sorted(new.given)})
    return view


def move_ticket(desk: Desk, who: Who, number: str, wish: Wish) -> TicketView:
    """The ticket after the move.

    Raises:
        TicketUnknown, NotYours
        Stale: with both texts.
        MoveRefused: the lifecycle says no.
    """
    with writing(desk.engine) as session:
        ticket = ticket_for(session, who, number)
        with _both_texts(session, wish):
            given = _given(session, wish.given)
            order = Order(wish.move, who.actor, desk.now(), wish.version, given, wish.because)
            row = desk.apply(session, ticket.id, order)
        view = ticket_view(session, row)
        detail = {"version": view.version, "fields": sorted(wish.given)}
        _audit(desk, session, who, f"ticket.{wish.move}", view.number, detail)
    return view


def split_ticket(
    desk: Desk, who: Who, number: str, wish: Wish, parts: Sequence[Mapping[str, Any]]
) -> list[TicketView]:
    """The whole, and behind it its parts.

    Raises:
        TicketUnknown, NotYours
        Stale: with both texts.
        MoveRefused: the lifecycle says no, or a part is none.
    """
    with writing(desk.engine) as session:
        ticket = ticket_for(session, who, number)
        with _both_texts(session, wish):
            order = Order(wish.move, who.actor, desk.now(), wish.version, {}, wish.because)
            whole, made = split(session, ticket.id, order, parts)
        views = [ticket_view(session, row) for row in (whole, *made)]
        detail = {"parts": [view.number for view in views[1:]]}
        _audit(desk, session, who, "ticket.split", views[0].number, detail)
    return views


@contextmanager
def _both_texts(session: Session, wish: Wish) -> Iterator[None]:
    """Raises Stale."""
    try:
        yield
    except StaleEdit as stale:
        yours = {"move": wish.move, "given": dict(wish.given), "because": wish.because}
        raise Stale(str(stale), yours, columns_view(session, stale.now)) from None


def act_on(
    desk: Desk, who: Who, number: str, action: str, does: Callable[[Session, TicketRow], T]
) -> T:
    """What `does` returns, audited. Raises TicketUnknown, NotYours, and what `does` raises."""
    with writing(desk.engine) as session:
        ticket = ticket_for(session, who, number)
        done = does(session, ticket)
        _audit(desk, session, who, action, ticket.number or number, {})
    return done


def reveal_number(desk: Desk, who: Who, number: str, reason: str) -> str:
    """The caller's whole number. Who has him on the line now needs no reason; all is audited.

    Raises:
        TicketUnknown, NotYours, NoNumber
        MoveRefused: a reason is needed.
    """
    with writing(desk.engine) as session:
        ticket = ticket_for(session, who, number)
        if not may_reveal(who.actor):
            raise NotYours("whole numbers are for operators, supervisors and handlers")
        live = _has_him_on_the_line(session, who, ticket)
        if not reason.strip() and not live:
            raise MoveRefused(Refusal.MISSING, "a whole number needs a reason in words")
        if not ticket.caller:
            raise NoNumber(f"the caller's number of {number} is not known")
        caller = ticket.caller
        detail = {"reason": reason.strip(), "live": live}
        _audit(desk, session, who, "ticket.reveal", ticket.number or number, detail)
    return caller


def _has_him_on_the_line(session: Session, who: Who, ticket: TicketRow) -> bool:
    if who.seat is None or ticket.responsible != who.actor.name:
        return False
    return live_seat(session, ticket.call_id) == who.seat


def _given(session: Session, given: Mapping[str, Any]) -> dict[str, Any]:
    """As the store takes it. Raises MoveRefused."""
    return {name: _plain(session, name, value) for name, value in given.items()}


def _plain(session: Session, name: str, value: object) -> object:
    if not isinstance(value, str) or not value:
        if name == "joined_to" and value is not None:
            raise MoveRefused(Refusal.MISSING, "joined_to is the number of a ticket, as text")
        return value
    if name in TIMES:
        return _time(name, value)
    if name == "joined_to":
        other = find_ticket(session, value)
        if other is None:
            raise MoveRefused(Refusal.MISSING, f"joined_to: no ticket has the number {value[:60]}")
        return other.id
    return value


def _time(name: str, text: str) -> datetime:
    try:
        at = datetime.fromisoformat(text)
    except ValueError:
        at = None
    if at is None or at.utcoffset() is None:
        raise MoveRefused(
            Refusal.MISSING, f"{name} is a time with its zone, as 2026-11-24T17:30:00+08:00"
        )
    return at


def _audit(
    desk: Desk, session: Session, who: Who, action: str, subject: str, detail: dict[str, Any]
) -> None:
    entry = Entry(who.actor.name, action, subject, desk.now(), "done", detail, who.address)
    desk.audit(session, entry)
