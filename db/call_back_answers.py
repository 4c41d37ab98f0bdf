"""What a citizen answered, from his keys or to a person of the desk, moves his ticket."""

from datetime import datetime

from sqlalchemy.orm import Session

from db.call_backs import end_turn, record_by_hand
from db.citizens import main_of
from db.models import TicketRow
from db.ticket_moves import Order, TicketUnknown, apply_move
from tickets.call_backs import Next, Outcome, Said, answered
from tickets.roles import Actor


def apply_answer(
    session: Session, ticket: TicketRow, said: Said, *, actor: Actor, at: datetime
) -> tuple[Next, TicketRow]:
    """Close or reopen, and end the turn. The ticket that was meant: of a joined one, its main one.

    A joined ticket stays joined, whatever its caller says; a no reopens the main one.

    Raises:
        MoveRefused: the lifecycle or the store says no.
    """
    found, main = answered(said), main_of(session, ticket)
    own = ticket.id == main.id
    end_turn(session, ticket.id)
    if found.next is Next.REOPEN or own:
        answer = {"said_solved": said.said_solved, "satisfied": said.satisfied}
        given = {name: value for name, value in answer.items() if value is not None}
        because = found.because if own else f"{ticket.number}: {found.because}"
        order = Order(found.next.value, actor, at, main.version, given, because)
        apply_move(session, main.id, order)
    return found.next, main


def call_back_by_hand(
    session: Session,
    ticket_id: int,
    *,
    actor: Actor,
    at: datetime,
    said_solved: bool | None,
    satisfied: int | None = None,
    note: str,
) -> tuple[Next, TicketRow]:
    """Somebody of the desk rang the citizen: the attempt, and what follows from it.

    said_solved None: he was not reached, or did not say; the ticket stays a person's turn.

    Raises:
        TicketUnknown, MoveRefused: nothing is written, if the caller's transaction ends with it.
    """
    ticket = session.get(TicketRow, ticket_id, populate_existing=True)
    if ticket is None:
        raise TicketUnknown(str(ticket_id))
    said = Said(Outcome.PERSON, said_solved, satisfied)
    record_by_hand(session, ticket_id, by=actor.name, at=at, said=said, note=note)
    if said_solved is None:
        return Next.PERSON, main_of(session, ticket)
    return apply_answer(session, ticket, said, actor=actor, at=at)
