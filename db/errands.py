"""Steps and documents of an errand: written down, ticked off, and in the way of `solved`."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import func, select, update
from sqlalchemy.orm import Session

from db.models import ErrandItemRow, TicketRow
from tickets.errands import BEGINS, LEFT, Kind, Stand, checked_text, next_stand
from tickets.model import ENDED, State
from tickets.refused import MoveRefused, Refusal
from tickets.roles import DESK, Actor, Role

RUNS_ERRANDS = DESK | {Role.HANDLER}


def add_items(
    session: Session,
    ticket: TicketRow,
    kind: Kind,
    texts: Sequence[str],
    actor: Actor,
    at: datetime,
) -> list[ErrandItemRow]:
    """Behind those that are there. Raises MoveRefused."""
    _may(ticket, actor)
    query = select(func.max(ErrandItemRow.position))
    last = session.scalar(query.where(ErrandItemRow.ticket_id == ticket.id)) or 0
    rows = [
        ErrandItemRow(
            ticket_id=ticket.id, position=position, kind=kind.value, what=checked_text(text),
            state=BEGINS[kind].value, changed_by=actor.name, changed_at=at,
        )
        for position, text in enumerate(texts, last + 1)
    ]  # fmt: skip
    session.add_all(rows)
    session.flush()
    return rows


def tick(
    session: Session, ticket: TicketRow, position: int, actor: Actor, at: datetime, note: str = ""
) -> ErrandItemRow:
    """The next state of one item: done; received, then returned. Raises MoveRefused."""
    _may(ticket, actor)
    item = session.get(ErrandItemRow, (ticket.id, position), populate_existing=True)
    if item is None:
        raise MoveRefused(Refusal.MISSING, f"{ticket.number} has no item {position}")
    stands = next_stand(item.what, Stand(item.state))
    row = ErrandItemRow
    done = session.execute(
        update(row)
        .where(row.ticket_id == ticket.id, row.position == position, row.state == item.state)
        .values(state=stands.value, changed_by=actor.name, changed_at=at, note=note.strip() or None)
        .returning(row.position)
        .execution_options(synchronize_session=False)
    ).first()
    session.refresh(item)
    if done is None:
        raise MoveRefused(Refusal.STALE, f"{item.what} is {item.state} already")
    return item


def items_of(session: Session, ticket_id: int) -> Sequence[ErrandItemRow]:
    query = select(ErrandItemRow).where(ErrandItemRow.ticket_id == ticket_id)
    return session.scalars(query.order_by(ErrandItemRow.position)).all()


def refuse_unfinished(session: Session, ticket: TicketRow) -> None:
    """Raises MoveRefused: a step is open, or we still have a paper of the citizen."""
    left = [state.value for state in LEFT]
    query = select(ErrandItemRow.what).where(
        ErrandItemRow.ticket_id == ticket.id, ErrandItemRow.state.in_(left)
    )
    if found := session.scalars(query.order_by(ErrandItemRow.position)).all():
        says = f"the errand of {ticket.number} is not finished: {', '.join(found[:3])}"
        raise MoveRefused(Refusal.MISSING, says)


def _may(ticket: TicketRow, actor: Actor) -> None:
    if not actor.is_any(RUNS_ERRANDS):
        raise MoveRefused(Refusal.NOT_ALLOWED, f"{actor.name} runs no errands")
    if not actor.is_any(DESK) and ticket.unit not in actor.units:
        raise MoveRefused(Refusal.NOT_ALLOWED, f"this ticket is with {ticket.unit or 'nobody'}")
    if State(ticket.state) in ENDED:
        raise MoveRefused(Refusal.WRONG_STATE, f"{ticket.number} is {ticket.state}")
