"""Tickets over the API."""

import base64
import json
from datetime import datetime
from typing import Annotated, Any

from fastapi import APIRouter, Path, Query
from pydantic import BaseModel, Field

from db.engine import reading
from db.ticket_access import visible_to
from db.ticket_lists import Mark, Wanted, list_tickets
from db.ticket_moves import history
from desk.api.session import Body
from desk.problems import Problem
from desk.security.visitors import SettledVisitor, TheDesk, Visitor
from desk.views import (
    EventView,
    MoveView,
    TicketView,
    history_view,
    move_view,
    ticket_view,
)
from desk.work import (
    NewTicket,
    Who,
    Wish,
    move_ticket,
    open_new,
    reveal_number,
    split_ticket,
    ticket_for,
)
from tickets.access import LISTS
from tickets.lifecycle import moves_open_to
from tickets.model import ServiceClass, Source, State

router = APIRouter(prefix="/tickets", tags=["tickets"])
Number = Annotated[str, Path(max_length=80, description="Of the ticket, or its provisional one.")]
Short = Annotated[str, Field(max_length=200)]
Given = Annotated[
    dict[Annotated[str, Field(max_length=40)], Any],
    Field(
        max_length=40,
        description="Fields of the ticket. Times as ISO 8601 with a zone; `joined_to` as the "
        "number of a ticket.",
    ),
]


class TicketPage(BaseModel):
    """next: for `after`, to get the page behind this one; null: this is the last."""

    items: list[TicketView]
    next: str | None


class NewTicketBody(Body):
    """source: where it comes from; tickets of calls open by themselves."""

    source: Annotated[Source, Field(description="Not `call`.")] = Source.COUNTER
    service_class: ServiceClass = ServiceClass.UNCLASSIFIED
    caller: Annotated[str | None, Field(pattern=r"^\+?[0-9]{3,20}$")] = None
    given: Given = {}  # noqa: RUF012  (pydantic copies a default)


class MoveBody(Body):
    """version: the one that was seen. because: a reason in words, where the move asks for one."""

    move: Annotated[str, Field(max_length=40)]
    version: Annotated[int, Field(ge=1, le=2**53)]
    given: Given = {}  # noqa: RUF012  (pydantic copies a default)
    because: Annotated[str, Field(max_length=2000)] = ""


class SplitBody(Body):
    """parts: of each the fields that `edit` sets, `request` among them."""

    version: Annotated[int, Field(ge=1, le=2**53)]
    because: Annotated[str, Field(max_length=2000)]
    parts: Annotated[list[Given], Field(max_length=20)]


class RevealBody(Body):
    reason: Annotated[str, Field(max_length=500)] = ""


class Revealed(BaseModel):
    caller: str


class Filters(BaseModel):
    """text: as it stands, in number, title, request, place and result."""

    state: State | None = None
    unit: Short | None = None
    responsible: Short | None = None
    matter: Short | None = None
    caller: Annotated[str | None, Field(pattern=r"^\+?[0-9]{3,20}$")] = None
    text: Short | None = None
    after: Annotated[str | None, Field(max_length=200)] = None
    limit: Annotated[int, Field(ge=1, le=200)] = 50


@router.get("", summary="List")
def get_tickets(
    visitor: SettledVisitor, desk: TheDesk, filters: Annotated[Filters, Query()]
) -> TicketPage:
    """Newest first: those that I may see. A call-taker has no list, an admin no tickets."""
    if not visitor.actor.is_any(LISTS):
        raise Problem(403, "not-allowed", "your roles have no list of tickets")
    asked = filters.model_dump(exclude={"after", "limit"})
    after = _read_cursor(filters.after) if filters.after else None
    with reading(desk.engine) as session:
        seen = visible_to(visitor.actor)
        wanted, limit = Wanted(**asked), filters.limit + 1
        rows = list_tickets(session, wanted, limit=limit, after=after, seen=seen)
        shown = rows[: filters.limit]
        items = [ticket_view(session, row) for row in shown]
        more = len(rows) > len(shown)
        cursor = _cursor(shown[-1].opened_at, shown[-1].id) if more else None
    return TicketPage(items=items, next=cursor)


@router.post("", status_code=201, summary="Open without a call")
def post_ticket(body: NewTicketBody, visitor: SettledVisitor, desk: TheDesk) -> TicketView:
    if body.source is Source.CALL:
        raise Problem(422, "invalid", "source: tickets of calls open by themselves")
    new = NewTicket(body.source, body.service_class, body.caller, body.given)
    return open_new(desk, who_of(visitor), new)


@router.get("/{number}", summary="One")
def get_ticket(number: Number, visitor: SettledVisitor, desk: TheDesk) -> TicketView:
    with reading(desk.engine) as session:
        return ticket_view(session, ticket_for(session, who_of(visitor), number))


@router.get("/{number}/history", summary="What happened to it")
def get_history(number: Number, visitor: SettledVisitor, desk: TheDesk) -> list[EventView]:
    """Oldest first; written by the store itself."""
    with reading(desk.engine) as session:
        ticket = ticket_for(session, who_of(visitor), number)
        return history_view(history(session, ticket.id))


@router.get("/{number}/moves", summary="What is open to me")
def get_moves(number: Number, visitor: SettledVisitor, desk: TheDesk) -> list[MoveView]:
    with reading(desk.engine) as session:
        ticket = ticket_for(session, who_of(visitor), number)
        return [move_view(move) for move in moves_open_to(ticket, visitor.actor)]


@router.post("/{number}/moves", summary="Move")
def post_move(number: Number, body: MoveBody, visitor: SettledVisitor, desk: TheDesk) -> TicketView:
    """The ticket afterwards. 409 `stale` has both texts: `yours`, and `now` as it stands."""
    wish = Wish(body.move, body.version, body.given, body.because)
    return move_ticket(desk, who_of(visitor), number, wish)


@router.post("/{number}/split", status_code=201, summary="Split into parts")
def post_split(
    number: Number, body: SplitBody, visitor: SettledVisitor, desk: TheDesk
) -> list[TicketView]:
    """The whole, and behind it its parts, each open and with the same responsible person."""
    wish = Wish("split", body.version, {}, body.because)
    return split_ticket(desk, who_of(visitor), number, wish, body.parts)


@router.post("/{number}/reveal", summary="Reveal the caller's number")
def post_reveal(
    number: Number, body: RevealBody, visitor: SettledVisitor, desk: TheDesk
) -> Revealed:
    """Needs a reason, unless the ticket is mine and its caller is on my line now. Audited."""
    return Revealed(caller=reveal_number(desk, who_of(visitor), number, body.reason))


def who_of(visitor: Visitor) -> Who:
    return Who(visitor.actor, visitor.who.seat, visitor.address)


def _cursor(opened_at: datetime, last: int) -> str:
    told = json.dumps([opened_at.isoformat(), last]).encode()
    return base64.urlsafe_b64encode(told).decode().rstrip("=")


def _read_cursor(text: str) -> Mark:
    """Raises Problem."""
    try:
        opened_at, last = json.loads(base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)))
        at = datetime.fromisoformat(opened_at)
        if at.tzinfo is None or type(last) is not int or not 0 <= last < 2**63:
            raise ValueError(text)
    except (ValueError, TypeError, RecursionError):
        raise Problem(422, "invalid", "after: take `next` of the page before") from None
    return Mark(at, last)
