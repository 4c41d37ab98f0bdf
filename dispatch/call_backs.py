"""Due call-backs go out by a real call, and what the citizen pressed moves his ticket."""

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta

import structlog
from sqlalchemy import Engine
from sqlalchemy.orm import Session

from db import call_backs as store
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
    Turn,
    Way,
    decide,
    way_to,
)
from tickets.model import State
from tickets.refused import MoveRefused
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

    Safe to run from several workers at once. `unhappy` is called in the transaction that reopens.
    """
    done = Done()
    with writing(engine) as session:
        done.lost = store.give_up_lost(session, now)
        store.end_turns_of_moved(session)
    _follow(engine, now, plan, done, unhappy)
    _take_in(engine, now, plan, done)
    if plan.hours.allowed(now):
        _ring(engine, place, now, plan, done)
    return done


# ---------------------------------------------------------------- what has ended


def _follow(engine: Engine, now: datetime, plan: Plan, done: Done, unhappy: Unhappy) -> None:
    with reading(engine) as session:
        over = store.ended_attempts(session, plan.most)
    for ended in over:
        with _move(engine, ended.turn.ticket_id, done) as (session, ticket):
            if ticket.state != State.CALL_BACK_DUE:  # somebody of the desk was faster
                store.end_turn(session, ticket.id)
                continue
            outcomes = store.outcomes_since_solved(session, ticket)
            found = decide(ended.said, outcomes, now, plan.ladder, plan.hours)
            _do(session, ticket, ended, found, now, done, unhappy)


def _do(
    session: Session,
    ticket: TicketRow,
    ended: store.Ended,
    found: Decision,
    now: datetime,
    done: Done,
    unhappy: Unhappy,
) -> None:
    said = ended.said
    answer = {"said_solved": said.said_solved, "satisfied": said.satisfied}
    match found.next:
        case Next.CLOSE:
            _apply(session, ticket, "close", now, found.because, **answer)
            store.end_turn(session, ticket.id)
            done.closed += 1
        case Next.REOPEN:
            _apply(session, ticket, "reopen", now, found.because, **answer)
            store.end_turn(session, ticket.id)
            unhappy(session, ticket, said)
            done.reopened += 1
        case Next.AGAIN:
            turn = (Turn.DUE, found.due_at, found.because)
            done.again += store.next_turn(session, ended.turn, *turn)
        case Next.PERSON:
            turn = (Turn.PERSON, now, found.because)
            done.to_person += store.next_turn(session, ended.turn, *turn)


# ---------------------------------------------------------------- what is solved


def _take_in(engine: Engine, now: datetime, plan: Plan, done: Done) -> None:
    with reading(engine) as session:
        found = store.without_turn(session, plan.most)
    for ticket_id in found:
        with _move(engine, ticket_id, done) as (session, ticket):
            way, because = way_to(store.citizen_of(session, ticket))
            if way is Way.EXEMPT:
                said = f"no call-back: {because}"
                _apply(session, ticket, "close", now, said, close_exempt=because)
                done.exempt += 1
                continue
            if ticket.state != State.CALL_BACK_DUE:
                _apply(session, ticket, "owe-call-back", now, because)
            if way is Way.PERSON:
                store.begin_turn(session, ticket.id, Turn.PERSON, now, because)
                done.to_person += 1
            else:
                opens = plan.hours.next_allowed(now)
                store.begin_turn(session, ticket.id, Turn.DUE, opens, because)
                done.owed += 1


# ---------------------------------------------------------------- what is due


def _ring(engine: Engine, place: Place, now: datetime, plan: Plan, done: Done) -> None:
    with reading(engine) as session:
        found = store.due(session, now, plan.at_once)
    for ticket_id in found:
        if not _ring_one(engine, place, ticket_id, now, plan, done):
            return


def _ring_one(
    engine: Engine, place: Place, ticket_id: int, now: datetime, plan: Plan, done: Done
) -> bool:
    """False: no further one in this round."""
    with writing(engine) as session:
        ticket = session.get_one(TicketRow, ticket_id)
        give_up_at = now + plan.lost_after
        token = store.claim(
            session, ticket_id, now, give_up_at=give_up_at, at_once=plan.at_once, by=WORKER.name
        )
        order = CallOrder(str(token), ticket.caller or "", store.language_of(session, ticket))
    if token is None:
        return True
    try:
        place(order)
    except CallNotPlaced as error:
        log.error("call_back.not_placed", attempt=order.token, problem=str(error))
        with writing(engine) as session:
            store.end_attempt(session, token, now, Said(Outcome.FAILED), note=str(error)[:200])
        done.away = True
        return False
    except CallInDoubt as error:  # the feed will tell, or nobody: then it is given up
        log.warning("call_back.in_doubt", attempt=order.token, problem=str(error))
    done.placed += 1
    return True


# ---------------------------------------------------------------- moves


@contextmanager
def _move(engine: Engine, ticket_id: int, done: Done) -> Iterator[tuple[Session, TicketRow]]:
    """One ticket in one transaction: one that is refused holds up no other."""
    try:
        with writing(engine) as session:
            yield session, session.get_one(TicketRow, ticket_id)
    except MoveRefused as refused:
        done.refused += 1
        log.info("call_back.refused", ticket_id=ticket_id, problem=str(refused))


def _apply(
    session: Session, ticket: TicketRow, move: str, now: datetime, because: str, **given: object
) -> None:
    order = Order(move, WORKER, now, ticket.version, _set(given.items()), because)
    apply_move(session, ticket.id, order)


def _set(given: Iterable[tuple[str, object]]) -> dict[str, object]:
    return {name: value for name, value in given if value is not None}
