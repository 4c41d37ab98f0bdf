"""A desk whose solved tickets are called back, by a switch that only notes whom it was to ring."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from sqlalchemy import Engine
from sqlalchemy.orm import Session

from db import call_backs as store
from db.engine import reading, writing
from db.models import CallBackRow, CallBackTurnRow, TicketRow
from db.store import apply_steps
from db.ticket_moves import Order, apply_move
from db.tickets import open_ticket
from dispatch.call_backs import Done, Plan, run_call_backs
from ivr.call_back import CallOrder
from routing.steps import Step, StepKind
from tickets.call_backs import Ladder, Said, hours_from
from tickets.model import ServiceClass, Source, State
from tickets.opening import TicketDraft
from tickets.roles import Actor, Role

MONDAY = datetime(2026, 11, 23, 1, 0, tzinfo=UTC)  # 09:00 in Shanghai
OPERATOR = Actor("wang", frozenset({Role.OPERATOR}))
PLAN = Plan(hours_from(["09:00-12:00", "14:30-20:00"]), Ladder(), 2, timedelta(minutes=30))
ANSWERED = {"out": "answered", "cause": "16"}


@dataclass
class Desk:
    """The store, the worker's rounds, and a switch that only notes whom it was to ring."""

    engine: Engine
    now: datetime = MONDAY
    plan: Plan = PLAN
    orders: list[CallOrder] = field(default_factory=list)
    unhappy: list[str] = field(default_factory=list)
    made: int = 0

    def solved(self, number: str | None = "13800000001", **more: str) -> int:
        self.made += 1
        draft = TicketDraft(
            f"D-{self.made}", None, Source(more.pop("source", "web")), ServiceClass.COMPLAINT,
            number, State.NEW, self.now, None,
        )  # fmt: skip
        with writing(self.engine) as session:
            ticket = open_ticket(session, draft, by="wang")
            given = {"matter": "0101", "result": "Mended", **more}
            order = Order("answer", OPERATOR, self.now, 1, given)
            return apply_move(session, ticket.id, order).id

    def joined(self, main: int, number: str) -> int:
        """Somebody else had asked for the same, and was joined to it."""
        self.made += 1
        draft = TicketDraft(
            f"D-{self.made}", None, Source.WEB, ServiceClass.COMPLAINT, number, State.NEW,
            self.now, None,
        )  # fmt: skip
        with writing(self.engine) as session:
            ticket = open_ticket(session, draft, by="wang")
            given = {"joined_to": main, "close_exempt": "joined"}
            order = Order("join", OPERATOR, self.now, 1, given, "the same pipe")
            return apply_move(session, ticket.id, order).id

    def round(self, place: Callable[[CallOrder], None] | None = None, **later: float) -> Done:
        self.now += timedelta(**later)
        told = self.unhappy

        def unhappy(_: Session, ticket: TicketRow, said: Said) -> None:
            told.append(f"{ticket.id}: {said.satisfied}")

        place = place or self.orders.append
        return run_call_backs(self.engine, place, self.now, self.plan, unhappy=unhappy)

    def told(self, *steps: Step) -> None:
        with writing(self.engine) as session:
            apply_steps(session, steps)

    def ends(self, token: str = "", **facts: str) -> None:
        """The feed tells the end of the newest attempt."""
        token = token or self.orders[-1].token
        self.told(
            a_step(StepKind.CALLING_BACK, self.now, attempt=token, sip=f"sip-{token}"),
            a_step(StepKind.CALLED_BACK, self.now, attempt=token, **facts),
        )

    def state(self, ticket_id: int) -> str:
        with reading(self.engine) as session:
            return session.get_one(TicketRow, ticket_id).state

    def turn(self, ticket_id: int) -> CallBackTurnRow | None:
        with reading(self.engine) as session:
            return session.get(CallBackTurnRow, ticket_id)

    def attempts(self, ticket_id: int) -> list[CallBackRow]:
        with reading(self.engine) as session:
            return store.attempts_of(session, ticket_id)


def a_step(kind: StepKind, at: datetime, **facts: str) -> Step:
    event_id = f"n1/{kind.value}/{facts.get('attempt')}/{at.timestamp()}"
    return Step(event_id, kind, "n1", "", None, at, facts)
