"""Call-backs in the store: whose turn it is, the attempts, and what the feed told of them."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, delete, exists, func, select, text, update
from sqlalchemy.orm import Session, aliased

from db.models import CallBackRow, CallBackTurnRow, TicketRow
from db.upserts import insert_into
from routing.steps import OF_CALL_BACKS, Step, StepKind
from tickets.call_backs import Outcome, Said, Token, Turn, said_by, token_from, whole_ms
from tickets.model import State

Attempt, Row = CallBackRow, CallBackTurnRow
FINISHED = (State.SOLVED.value, State.UNSOLVABLE.value)
LOST = "its end was never told"
LOCK = text("SELECT pg_advisory_xact_lock(110, 1025)")  # beyond the buckets of db/stories.py


@dataclass(frozen=True, slots=True)
class Ended:
    """An attempt that is over, and that nothing has followed from yet."""

    turn: CallBackTurnRow
    attempt: CallBackRow

    @property
    def said(self) -> Said:
        row = self.attempt
        return Said(Outcome(row.outcome or Outcome.FAILED), row.said_solved, row.satisfied)


# ---------------------------------------------------------------- from the feed


def store_call_backs(session: Session, steps: Sequence[Step]) -> None:
    """What the switch's side told of attempts. An attempt that has ended stays as it is."""
    for step in sorted((s for s in steps if s.kind in OF_CALL_BACKS), key=lambda s: s.order):
        token = token_from(step.data.get("attempt"))
        if token is None:
            continue
        if step.kind is StepKind.CALLING_BACK:
            sip = str(step.data.get("sip") or "") or None
            _change(session, token, sip_call_id=sip)
        else:
            told = str(step.data.get("message") or "") or None
            out, cause = step.data.get("out", ""), step.data.get("cause", "")
            note = f"{out}, cause {cause}"[:200]
            end_attempt(session, token, step.at, said_by(step.data), note=note, message=told)


def end_attempt(
    session: Session,
    token: Token,
    at: datetime,
    said: Said,
    *,
    note: str,
    message: str | None = None,
) -> bool:
    """False: there is no such attempt, or it has ended already."""
    return _change(
        session,
        token,
        ended_at=max(at, token.started_at),  # the node's clock may be behind the worker's
        outcome=said.outcome.value,
        said_solved=said.said_solved,
        satisfied=said.satisfied,
        message_file=message,
        note=note,
    )


def _change(session: Session, token: Token, **values: object) -> bool:
    changed = session.execute(
        update(Attempt)
        .where(
            Attempt.ticket_id == token.ticket_id,
            Attempt.attempt == token.attempt,
            Attempt.started_at == token.started_at,
            Attempt.outcome.is_(None),
        )
        .values(values)
        .returning(Attempt.id)
        .execution_options(synchronize_session=False)
    )
    return changed.first() is not None


# ---------------------------------------------------------------- whose turn it is


def without_turn(session: Session, limit: int) -> list[int]:
    """Tickets that are solved, or owe a call-back, and have no turn yet; oldest first."""
    owes = TicketRow.state.in_((*FINISHED, State.CALL_BACK_DUE.value))
    has_turn = exists().where(Row.ticket_id == TicketRow.id)
    query = select(TicketRow.id).where(owes, ~has_turn)
    return list(session.scalars(query.order_by(TicketRow.opened_at).limit(limit)))


def begin_turn(
    session: Session, ticket_id: int, state: Turn, due_at: datetime | None, because: str
) -> None:
    """One that is there already stays."""
    row = {
        "ticket_id": ticket_id,
        "state": state.value,
        "due_at": due_at,
        "because": because or None,
    }
    session.execute(insert_into(session, Row).values(row).on_conflict_do_nothing())


def next_turn(
    session: Session, turn: CallBackTurnRow, state: Turn, due_at: datetime | None, because: str
) -> bool:
    """After an attempt. False: another worker was here first."""
    seen = (Row.ticket_id == turn.ticket_id, Row.state == turn.state, Row.due_at == turn.due_at)
    changed = session.execute(
        update(Row)
        .where(*seen)
        .values(state=state.value, due_at=due_at, because=because)
        .returning(Row.ticket_id)
        .execution_options(synchronize_session=False)
    )
    return changed.first() is not None


def end_turn(session: Session, ticket_id: int) -> None:
    session.execute(delete(Row).where(Row.ticket_id == ticket_id))


def end_turns_of_moved(session: Session) -> None:
    """Somebody of the desk closed or reopened the ticket. One with a call that goes on waits for
    its end."""
    main = aliased(TicketRow)
    stands = main.state.in_([State.CALL_BACK_DUE, State.CLOSED, State.JOINED])
    for_main = exists().where(main.id == TicketRow.joined_to, stands)
    is_joined = (TicketRow.state == State.JOINED.value) & for_main
    is_owed = (TicketRow.state == State.CALL_BACK_DUE.value) | is_joined
    owes = exists().where(TicketRow.id == Row.ticket_id, is_owed)
    session.execute(
        delete(Row)
        .where(~owes, Row.state != Turn.CALLING.value)
        .execution_options(synchronize_session=False)
    )


def due(session: Session, now: datetime, limit: int) -> list[int]:
    """Tickets whose next attempt may begin, longest due first."""
    ready = (Row.state == Turn.DUE.value, Row.due_at <= now)
    return list(
        session.scalars(select(Row.ticket_id).where(*ready).order_by(Row.due_at).limit(limit))
    )


# ---------------------------------------------------------------- attempts


def claim(
    session: Session, ticket_id: int, now: datetime, *, give_up_at: datetime, at_once: int, by: str
) -> Token | None:
    """Begin the ticket's next attempt: its row is there before anybody is rung.

    None: another worker has it, it is not due, or `at_once` calls go on already.
    """
    if session.get_bind().dialect.name == "postgresql":
        session.execute(LOCK)  # SQLite has one writer at a time by itself
    going_on = select(func.count()).select_from(Row).where(Row.state == Turn.CALLING.value)
    if (session.scalar(going_on) or 0) >= at_once:
        return None
    taken = session.execute(
        update(Row)
        .where(Row.ticket_id == ticket_id, Row.state == Turn.DUE.value, Row.due_at <= now)
        .values(state=Turn.CALLING.value, due_at=give_up_at)
        .returning(Row.ticket_id)
        .execution_options(synchronize_session=False)
    )
    if taken.first() is None:
        return None
    token = Token(ticket_id, _last_attempt(session, ticket_id) + 1, whole_ms(now))
    session.add(
        Attempt(ticket_id=ticket_id, attempt=token.attempt, by=by, started_at=token.started_at)
    )
    session.flush()
    return token


def ended_attempts(session: Session, limit: int) -> list[Ended]:
    query = select(Row, Attempt).join(Attempt, Attempt.ticket_id == Row.ticket_id)
    query = query.where(Row.state == Turn.CALLING.value, _newest(), Attempt.outcome.is_not(None))
    return [Ended(turn, attempt) for turn, attempt in session.execute(query.limit(limit))]


def give_up_lost(session: Session, now: datetime) -> int:
    """End attempts whose end never came: their node was lost. The number of them."""
    lost = select(Attempt).join(Row, Attempt.ticket_id == Row.ticket_id)
    lost = lost.where(
        Row.state == Turn.CALLING.value, Row.due_at <= now, _newest(), Attempt.outcome.is_(None)
    )
    tokens = [Token(a.ticket_id, a.attempt, a.started_at) for a in session.scalars(lost)]
    return sum(end_attempt(session, t, now, Said(Outcome.FAILED), note=LOST) for t in tokens)


def outcomes_since(session: Session, ticket_id: int, solved_at: datetime | None) -> list[str]:
    """Of the attempts of this round: a ticket may be solved, reopened and solved again."""
    query = select(Attempt.outcome).where(
        Attempt.ticket_id == ticket_id, Attempt.outcome.is_not(None)
    )
    if solved_at:
        query = query.where(Attempt.started_at >= solved_at)
    return [outcome for outcome in session.scalars(query) if outcome]


def attempts_of(session: Session, ticket_id: int) -> list[CallBackRow]:
    query = select(Attempt).where(Attempt.ticket_id == ticket_id)
    return list(session.scalars(query.order_by(Attempt.attempt)))


def record_by_hand(
    session: Session, ticket_id: int, *, by: str, at: datetime, said: Said, note: str
) -> CallBackRow:
    """Somebody of the desk rang the citizen. The move that follows from it is the caller's."""
    row = Attempt(
        ticket_id=ticket_id,
        attempt=_last_attempt(session, ticket_id) + 1,
        by=by,
        started_at=at,
        ended_at=at,
        outcome=Outcome.PERSON.value,
        said_solved=said.said_solved,
        satisfied=said.satisfied,
        note=note,
    )
    session.add(row)
    session.flush()
    return row


def turns(
    session: Session, limit: int, state: str | None = None
) -> list[tuple[CallBackTurnRow, TicketRow, int]]:
    """Whose turn it is, longest due first, with the ticket and the number of its attempts."""
    count = select(func.count()).where(Attempt.ticket_id == Row.ticket_id).scalar_subquery()
    query = select(Row, TicketRow, count).join(TicketRow, TicketRow.id == Row.ticket_id)
    if state:
        query = query.where(Row.state == state)
    query = query.order_by(Row.due_at, Row.ticket_id).limit(limit)
    return [(turn, ticket, attempts) for turn, ticket, attempts in session.execute(query)]


def unhappy_tickets(session: Session, limit: int) -> list[TicketRow]:
    """Reopened after a call-back and not taken up yet, longest first: the supervisor's list."""
    stands = (TicketRow.state == State.REOPENED.value, TicketRow.move == "reopen")
    by_call_back = exists().where(Attempt.ticket_id == TicketRow.id, Attempt.outcome.is_not(None))
    query = select(TicketRow).where(*stands, by_call_back).order_by(TicketRow.changed_at)
    return list(session.scalars(query.limit(limit)))


def _last_attempt(session: Session, ticket_id: int) -> int:
    query = select(func.max(Attempt.attempt)).where(Attempt.ticket_id == ticket_id)
    return session.scalar(query) or 0


def _newest() -> ColumnElement[bool]:
    """Of the attempts of a ticket, the last one."""
    other = CallBackRow.__table__.alias("other")
    last = select(func.max(other.c.attempt)).where(other.c.ticket_id == Attempt.ticket_id)
    return Attempt.attempt == last.scalar_subquery()
