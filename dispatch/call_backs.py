"""Due call-backs go out by a real call, and what the citizen pressed moves his ticket."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from datetime import datetime, timedelta

import structlog
from sqlalchemy import Engine
from sqlalchemy.orm import Session

from db import call_backs as store
from db.call_back_answers import apply_answer
from db.citizens import citizen_of, joined_to, language_of, main_of
from db.engine import reading, writing
from db.models import TicketRow
from db.ticket_moves import Order, apply_move
from ivr.call_back import CallInDoubt, CallNotPlaced, CallOrder
from tickets.call_backs import (
    Decision,
    Hours,
    Ladder,
    Next,
    Outcome,
    Said,
    Token,
    Turn,
    Way,
    decide,
    way_to,
)
from tickets.model import State
from tickets.refused import MoveRefused, Refusal
from tickets.roles import system

log = structlog.get_logger(__name__)
WORKER = system("worker")

Place = Callable[[CallOrder], None]
Unhappy = Callable[[Session, TicketRow, Said], None]


@dataclass(frozen=True, slots=True)
class Plan:
    """at_once: calls that may go on at a time, of all workers together.

    lost_after: an attempt whose end was never told counts as failed then. most: tickets of one
    kind in one run.
    """

    hours: Hours
    ladder: Ladder
    at_once: int
    lost_after: timedelta
    most: int = 200


@dataclass(slots=True)
class Done:
    """How many tickets came to what in one run. away: Asterisk took no order."""

    owed: int = 0
    exempt: int = 0
    to_person: int = 0
    placed: int = 0
    lost: int = 0
    closed: int = 0
    reopened: int = 0
    again: int = 0
    refused: int = 0
    away: bool = False

    def as_dict(self) -> dict[str, int | bool]:
        return asdict(self)


def log_unhappy(_: Session, ticket: TicketRow, said: Said) -> None:
    """The supervisor's word where nothing else is wired: a line of the log."""
    log.warning(
        "call_back.unhappy",
        ticket=ticket.number,
        said_solved=said.said_solved,
        satisfied=said.satisfied,
    )


def run_call_backs(
    engine: Engine, place: Place, now: datetime, plan: Plan, *, unhappy: Unhappy = log_unhappy
) -> Done:
    """One round: what has ended is followed up, what is solved gets a turn, what is due is rung.

    Safe to run from several workers at once. `unhappy` is called in the transaction that reopens,
    with the ticket that is open again.
    """
    this = _Round(engine, place, now, plan, unhappy)
    with writing(engine) as session:
        this.done.lost = store.give_up_lost(session, now)
        store.end_turns_of_moved(session)
    this.follow()
    this.take_in()
    if plan.hours.allowed(now):
        this.ring()
    return this.done


@dataclass(slots=True)
class _Round:
    engine: Engine
    place: Place
    now: datetime
    plan: Plan
    unhappy: Unhappy
    done: Done = field(default_factory=Done)

    # ------------------------------------------------------------ what has ended

    def follow(self) -> None:
        with reading(self.engine) as session:
            over = store.ended_attempts(session, self.plan.most)
        for ended in over:
            with self._one(ended.turn.ticket_id) as (session, ticket):
                main = main_of(session, ticket)
                if not _owes(ticket, main):  # somebody of the desk was faster
                    store.end_turn(session, ticket.id)
                    continue
                outcomes = store.outcomes_since(session, ticket.id, main.solved_at)
                plan = self.plan
                found = decide(ended.said, outcomes, self.now, plan.ladder, plan.hours)
                if found.next in (Next.CLOSE, Next.REOPEN):
                    self._answered(session, ticket, ended.said)
                else:
                    self._unanswered(session, ended, found)

    def _answered(self, session: Session, ticket: TicketRow, said: Said) -> None:
        following, main = apply_answer(session, ticket, said, actor=WORKER, at=self.now)
        if following is Next.REOPEN:
            self.unhappy(session, main, said)
            self.done.reopened += 1
        else:
            self.done.closed += ticket.id == main.id

    def _unanswered(self, session: Session, ended: store.Ended, found: Decision) -> None:
        again = found.next is Next.AGAIN
        state, due_at = (Turn.DUE, found.due_at) if again else (Turn.PERSON, self.now)
        if store.next_turn(session, ended.turn, state, due_at, found.because):
            self.done.again += again
            self.done.to_person += not again

    # ------------------------------------------------------------ what is solved

    def take_in(self) -> None:
        with reading(self.engine) as session:
            found = store.without_turn(session, self.plan.most)
        for ticket_id in found:
            with self._one(ticket_id) as (session, ticket):
                way, because = way_to(citizen_of(session, ticket))
                if way is Way.EXEMPT:
                    said = f"no call-back: {because}"
                    self._apply(session, ticket, "close", said, close_exempt=because)
                    self.done.exempt += 1
                else:
                    if ticket.state != State.CALL_BACK_DUE:
                        self._apply(session, ticket, "owe-call-back", because)
                    self._begin(session, ticket, way, because)
                self._take_in_joined(session, ticket)

    def _take_in_joined(self, session: Session, ticket: TicketRow) -> None:
        """Who asked for the same is asked as well, each telephone once."""
        asked = {ticket.caller}
        for joined in joined_to(session, ticket.id):
            way, because = way_to(citizen_of(session, joined))
            if way is not Way.EXEMPT and (joined.caller is None or joined.caller not in asked):
                asked.add(joined.caller)
                self._begin(session, joined, way, because)

    def _begin(self, session: Session, ticket: TicketRow, way: Way, because: str) -> None:
        person = way is Way.PERSON
        state = Turn.PERSON if person else Turn.DUE
        due_at = self.now if person else self.plan.hours.next_allowed(self.now)
        store.begin_turn(session, ticket.id, state, due_at, because)
        self.done.to_person += person
        self.done.owed += not person

    # ------------------------------------------------------------ what is due

    def ring(self) -> None:
        with reading(self.engine) as session:
            found = store.due(session, self.now, self.plan.at_once)
        for ticket_id in found:
            claimed = self._claim(ticket_id)
            if claimed and not self._place(*claimed):
                return

    def _claim(self, ticket_id: int) -> tuple[Token, CallOrder] | None:
        """The attempt's row is committed before anybody is rung."""
        with writing(self.engine) as session:
            ticket = session.get_one(TicketRow, ticket_id)
            if not _owes(ticket, main_of(session, ticket)):
                store.end_turn(session, ticket_id)
                return None
            token = store.claim(
                session,
                ticket_id,
                self.now,
                give_up_at=self.now + self.plan.lost_after,
                at_once=self.plan.at_once,
                by=WORKER.name,
            )
            if token is None:
                return None
            language = language_of(session, ticket)
            return token, CallOrder(str(token), ticket.caller or "", language)

    def _place(self, token: Token, order: CallOrder) -> bool:
        """False: Asterisk is away, so no further one in this round."""
        try:
            self.place(order)
        except CallNotPlaced as error:
            log.error("call_back.not_placed", attempt=order.token, problem=str(error))
            note, failed = str(error)[:200], Said(Outcome.FAILED)
            with writing(self.engine) as session:
                store.end_attempt(session, token, self.now, failed, note=note)
            self.done.away = True
            return False
        except CallInDoubt as error:  # the feed will tell, or nobody: then it is given up
            log.warning("call_back.in_doubt", attempt=order.token, problem=str(error))
        self.done.placed += 1
        return True

    # ------------------------------------------------------------ moves

    @contextmanager
    def _one(self, ticket_id: int) -> Iterator[tuple[Session, TicketRow]]:
        """One ticket in one transaction: one that is refused holds up no other."""
        try:
            with writing(self.engine) as session:
                yield session, session.get_one(TicketRow, ticket_id)
        except MoveRefused as refused:
            self.done.refused += 1
            say = log.debug if refused.kind is Refusal.STALE else log.warning
            say("call_back.refused", ticket_id=ticket_id, problem=str(refused))

    def _apply(
        self, session: Session, ticket: TicketRow, move: str, because: str, **given: object
    ) -> None:
        known = {name: value for name, value in given.items() if value is not None}
        order = Order(move, WORKER, self.now, ticket.version, known, because)
        apply_move(session, ticket.id, order)


def _owes(ticket: TicketRow, main: TicketRow) -> bool:
    """Whether its caller is still to be asked. One whose ticket was joined to another one is asked
    for that one, also when it is closed already."""
    if ticket.id == main.id:
        return ticket.state == State.CALL_BACK_DUE
    return main.state in (State.CALL_BACK_DUE, State.CLOSED)
