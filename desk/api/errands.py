"""Errands and likely duplicates of one ticket."""

from collections.abc import Callable
from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Path
from pydantic import BaseModel, Field
from sqlalchemy.orm import Session

from db.engine import reading
from db.errands import add_items, items_of, tick
from db.joins import offers
from db.models import ErrandItemRow, TicketRow
from desk.api.session import Body
from desk.api.tickets import Number, who_of
from desk.security.visitors import SettledVisitor, TheDesk
from desk.views import TicketView, ticket_view
from desk.work import act_on, ticket_for
from tickets.access import may_see
from tickets.errands import LONGEST, Kind

router = APIRouter(prefix="/tickets/{number}", tags=["tickets"])
Position = Annotated[int, Path(ge=1, le=10_000)]


class ItemView(BaseModel):
    position: int
    kind: str
    what: str
    state: str
    changed_by: str
    changed_at: datetime
    note: str | None


class ItemsBody(Body):
    kind: Kind
    what: Annotated[
        list[Annotated[str, Field(max_length=LONGEST)]], Field(min_length=1, max_length=50)
    ]


class TickBody(Body):
    note: Annotated[str, Field(max_length=500)] = ""


class OfferView(BaseModel):
    """why: how the score came about."""

    score: float
    why: str
    ticket: TicketView


@router.get("/errand", summary="Its steps and documents")
def get_errand(number: Number, visitor: SettledVisitor, desk: TheDesk) -> list[ItemView]:
    with reading(desk.engine) as session:
        ticket = ticket_for(session, who_of(visitor), number)
        return [_view(row) for row in items_of(session, ticket.id)]


@router.post("/errand", status_code=201, summary="Write steps or documents down")
def post_errand(
    number: Number, body: ItemsBody, visitor: SettledVisitor, desk: TheDesk
) -> list[ItemView]:
    def add(session: Session, ticket: TicketRow) -> list[ItemView]:
        rows = add_items(session, ticket, body.kind, body.what, visitor.actor, desk.now())
        return [_view(row) for row in rows]

    return _act(add, number, visitor, desk)


@router.post("/errand/{position}", summary="It goes on")
def post_tick(
    number: Number, position: Position, body: TickBody, visitor: SettledVisitor, desk: TheDesk
) -> ItemView:
    """A step is done; a document is received, then returned."""

    def go_on(session: Session, ticket: TicketRow) -> list[ItemView]:
        row = tick(session, ticket, position, visitor.actor, desk.now(), body.note)
        return [_view(row)]

    return _act(go_on, number, visitor, desk)[0]


@router.get("/duplicates", summary="What it may be the same as")
def get_duplicates(number: Number, visitor: SettledVisitor, desk: TheDesk) -> list[OfferView]:
    """Likeliest first, of those that I may see. It offers; a person decides: the move `join`."""
    with reading(desk.engine) as session:
        ticket = ticket_for(session, who_of(visitor), number)
        return [
            OfferView(
                score=round(one.likeness.score, 2),
                why=str(one.likeness),
                ticket=ticket_view(session, one.ticket),
            )
            for one in offers(session, ticket)
            if may_see(one.ticket, visitor.actor)
        ]


def _act(
    does: Callable[[Session, TicketRow], list[ItemView]],
    number: str,
    visitor: SettledVisitor,
    desk: TheDesk,
) -> list[ItemView]:
    return act_on(desk, who_of(visitor), number, "ticket.errand", does)


def _view(row: ErrandItemRow) -> ItemView:
    return ItemView.model_validate(row, from_attributes=True)
