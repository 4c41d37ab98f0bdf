"""Tickets of other hotlines in the store: each once, by the number that they have there."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from db.models import ImportedTicketRow, TicketRow
from db.network import areas, current_matters
from db.tickets import open_ticket
from db.upserts import insert_into
from tickets.imported import Catalogue, ImportedTicket
from tickets.matters import MatterScheme


@dataclass(frozen=True, slots=True)
class Origin:
    """Where rows come from, and who brings them in."""

    hotline: str
    file_name: str
    by: str
    at: datetime


@dataclass(frozen=True, slots=True)
class Taken:
    """The ticket's number, whether it is new or was there before."""

    number: str
    is_new: bool


def import_catalogue(session: Session) -> Catalogue:
    """What rows may name today; an area by its code, or by its name if no other has it."""
    in_force = areas(session)
    names = [area.name for area in in_force]
    by_name = {area.name: area.code for area in in_force if names.count(area.name) == 1}
    matters = current_matters(session) or MatterScheme("none", "no city loaded", ())
    return Catalogue(matters, by_name | {area.code: area.code for area in in_force})


def import_ticket(session: Session, ticket: ImportedTicket, origin: Origin, row: int) -> Taken:
    """The ticket and the row that says where it came from, both or neither.

    Of two that import one file at once the second waits, and then finds the first one's ticket.
    """
    if before := _number_of(session, origin.hotline, ticket.foreign_number):
        return Taken(before, is_new=False)
    try:
        return _import_new(session, ticket, origin, row)
    except IntegrityError:
        before = _number_of(session, origin.hotline, ticket.foreign_number)
        if before is None:
            raise
        return Taken(before, is_new=False)


def _import_new(session: Session, ticket: ImportedTicket, origin: Origin, row: int) -> Taken:
    with session.begin_nested():
        opened = open_ticket(session, ticket.draft, by=origin.by, given=ticket.given, at=origin.at)
        kept = insert_into(session, ImportedTicketRow).values(
            hotline=origin.hotline, foreign_number=ticket.foreign_number, ticket_id=opened.id,
            file_name=origin.file_name, file_row=row, by=origin.by, at=origin.at,
        )  # fmt: skip
        session.execute(kept)
        return Taken(opened.number or opened.provisional_number, is_new=True)


def _number_of(session: Session, hotline: str, foreign_number: str) -> str | None:
    query = (
        select(TicketRow.number)
        .join(ImportedTicketRow, ImportedTicketRow.ticket_id == TicketRow.id)
        .where(
            ImportedTicketRow.hotline == hotline,
            ImportedTicketRow.foreign_number == foreign_number,
        )
    )
    return session.scalar(query)
