"""Tickets that live by the rules of deadlines, and the clock of their days."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

from sqlalchemy import Engine
from sqlalchemy.orm import Session

from db.calendar import load_calendar
from db.deadlines import Explained, explain, order_with_deadline
from db.engine import reading, writing
from db.models import TicketRow
from db.ticket_moves import Order
from db.tickets import open_ticket
from tickets.deadline_rules import parse_deadlines
from tickets.model import ServiceClass, Source, State
from tickets.numbers import SHANGHAI
from tickets.opening import TicketDraft
from tickets.roles import Actor, Role

FILE = Path(__file__).parents[3] / "config" / "deadlines.toml"
RULES = parse_deadlines(FILE.read_bytes(), str(FILE))
OPERATOR = Actor("wang", frozenset({Role.OPERATOR}))
SUPERVISOR = Actor("chen", frozenset({Role.SUPERVISOR}))
HANDLER = Actor("li", frozenset({Role.HANDLER}), frozenset({"water"}))


def at(text: str) -> datetime:
    """`2026-09-28 09:00` of Asia/Shanghai, as UTC."""
    return datetime.fromisoformat(text).replace(tzinfo=SHANGHAI).astimezone(UTC)


class Late:
    """One ticket, each move at a time of Asia/Shanghai."""

    made = 0

    def __init__(self, engine: Engine, opened: str = "2026-09-07 09:00", **fields) -> None:
        Late.made += 1
        self.engine = engine
        self.rules = RULES
        self.at = at(opened)
        draft = TicketDraft(
            f"L-{Late.made}", None, Source.COUNTER, ServiceClass.COMPLAINT, "13800000001",
            State.NEW, self.at, None,
        )  # fmt: skip
        with writing(engine) as session:
            self.id = open_ticket(session, draft, by="wang").id
        self.move("claim", OPERATOR, responsible="wang")
        fields = {"matter": "0101", "request": "A pipe has burst", **fields}
        self.move("screen", OPERATOR, **fields)

    def move(
        self, name: str, actor: Actor, when: str = "", because: str = "", **given
    ) -> TicketRow:
        self.at = at(when) if when else self.at + timedelta(minutes=1)
        with writing(self.engine) as session:
            version = session.get_one(TicketRow, self.id).version
            order = Order(name, actor, self.at, version, given, because)
            order_with_deadline(session, self.id, order, self.rules)
        return self.row()

    def dispatched(self, when: str = "", **given) -> TicketRow:
        return self.move("dispatch", OPERATOR, when, unit="water", **given)

    def working(self, when: str, **given) -> TicketRow:
        self.dispatched(when, **given)
        self.move("accept", HANDLER)
        return self.move("begin", HANDLER)

    def row(self) -> TicketRow:
        with reading(self.engine) as session:
            return session.get_one(TicketRow, self.id)

    def explained(self, now: str = "2026-12-31 09:00") -> Explained:
        with reading(self.engine) as session:
            found = explain(session, self.the(session), at(now), self._time(session))
        assert found is not None
        return found

    def the(self, session: Session) -> TicketRow:
        return session.get_one(TicketRow, self.id)

    def _time(self, session: Session):
        return self.rules.time(load_calendar(session))
