"""Tickets that the desk has given to a unit."""

from datetime import UTC, datetime, timedelta

from sqlalchemy import Engine

from db.contacts import add_contact
from db.engine import reading, writing
from db.models import MessageRow, TicketRow
from db.ticket_moves import Order, apply_move
from db.tickets import open_ticket
from tickets.model import ServiceClass, Source, State
from tickets.opening import TicketDraft
from tickets.roles import Actor, Role

T0 = datetime(2026, 11, 23, 1, 0, tzinfo=UTC)
OPERATOR = Actor("wang", frozenset({Role.OPERATOR}))
SUPERVISOR = Actor("zhao", frozenset({Role.SUPERVISOR}))
HANDLER = Actor("li", frozenset({Role.HANDLER}), frozenset({"water"}))


class Desk:
    """Makes moves a minute apart, beginning at T0."""

    def __init__(self, engine: Engine) -> None:
        self.engine, self.at, self.made = engine, T0, 0

    def contact(self, way: str, address: str, unit: str = "water") -> None:
        with writing(self.engine) as session:
            add_contact(session, unit, way, address)

    def move(
        self, ticket_id: int, name: str, actor: Actor, because: str = "", **given: object
    ) -> TicketRow:
        self.at += timedelta(minutes=1)
        with writing(self.engine) as session:
            version = session.get_one(TicketRow, ticket_id).version
            order = Order(name, actor, self.at, version, given, because)
            ticket = apply_move(session, ticket_id, order)
            session.expunge(ticket)
            return ticket

    def screened(self, **fields: object) -> int:
        self.made += 1
        draft = TicketDraft(
            f"D-{self.made}", None, Source.COUNTER, ServiceClass.COMPLAINT, "13800000001",
            State.NEW, T0, None,
        )  # fmt: skip
        with writing(self.engine) as session:
            ticket_id = open_ticket(session, draft, by="wang").id
        self.move(ticket_id, "claim", OPERATOR, responsible="wang")
        told: dict[str, object] = {"matter": "0101", "request": "A pipe has burst", **fields}
        self.move(ticket_id, "screen", OPERATOR, because="", **told)
        return ticket_id

    def dispatched(self, unit: str = "water", **fields: object) -> TicketRow:
        return self.move(self.screened(**fields), "dispatch", OPERATOR, unit=unit)

    def messages(self) -> list[MessageRow]:
        with reading(self.engine) as session:
            rows = session.query(MessageRow).order_by(MessageRow.id).all()
            session.expunge_all()
            return rows
