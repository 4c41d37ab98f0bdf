"""What the lifecycle cannot see: which other tickets hang on this one.

A whole is answered when its parts have ended, an errand when its steps are done and the citizen's
papers are back with him.

A ticket that others are joined to is the head: it stays as long as they do. So every joined
ticket points straight at a head, and there are neither chains nor circles.
"""

from collections.abc import Mapping
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from db.errands import refuse_unfinished
from db.models import TicketRow
from tickets.lifecycle import Move
from tickets.model import ENDED, State
from tickets.refused import MoveRefused, Refusal

FEWEST_PARTS = 2
NO_HEAD = frozenset({State.JOINED, State.WITHDRAWN})


def refuse_loose_ends(
    session: Session, ticket: TicketRow, move: Move, given: Mapping[str, Any]
) -> None:
    """Also locks the tickets in question to the end of the transaction, the lower id first: two
    that are joined to each other at once would else both find the other one open.

    Raises:
        MoveRefused: the head would be missing, or would be no head.
    """
    if move.name == "split":
        _need_parts(session, ticket)
    if move.to is State.SOLVED:
        refuse_unfinished(session, ticket)
    if move.name == "gather":
        _refuse_open_parts(session, ticket)
    if move.to not in NO_HEAD:
        return
    head_id = given.get("joined_to") if move.to is State.JOINED else None
    found = _locked(session, {ticket.id, head_id} - {None})
    if move.to is State.JOINED:
        _check_head(ticket, head_id, found)
    if others := _joined_to(session, ticket.id):
        raise MoveRefused(
            Refusal.WRONG_STATE,
            f"{ticket.number} has {len(others)} joined to it ({', '.join(others[:3])}):"
            " undo that first, or join the other one to this",
        )


def _need_parts(session: Session, whole: TicketRow) -> None:
    parts = select(func.count()).where(TicketRow.parent_id == whole.id)
    if session.execute(parts).scalar_one() < FEWEST_PARTS:
        raise MoveRefused(
            Refusal.MISSING, f"split needs {FEWEST_PARTS} parts: `l110 tickets split` opens them"
        )


def _refuse_open_parts(session: Session, whole: TicketRow) -> None:
    ended = [state.value for state in ENDED]
    open_parts = select(TicketRow.number).where(
        TicketRow.parent_id == whole.id, TicketRow.state.not_in(ended)
    )
    if numbers := session.scalars(open_parts.order_by(TicketRow.id)).all():
        raise MoveRefused(
            Refusal.WRONG_STATE,
            f"{len(numbers)} parts of {whole.number} are still open:"
            f" {', '.join(str(number) for number in numbers[:3])}",
        )


def _check_head(ticket: TicketRow, head_id: int | None, found: Mapping[int, TicketRow]) -> None:
    head = found.get(head_id) if head_id else None
    if head is None:
        raise MoveRefused(Refusal.MISSING, f"no ticket has the id {head_id}: nothing to join to")
    if head.id == ticket.id:
        raise MoveRefused(Refusal.WRONG_STATE, f"{ticket.number} cannot be joined to itself")
    if State(head.state) in NO_HEAD:
        raise MoveRefused(
            Refusal.WRONG_STATE, f"{head.number} is {head.state}: join to an open or closed ticket"
        )


def _locked(session: Session, ids: set[int | None]) -> dict[int, TicketRow]:
    """SQLite has taken its one lock at the beginning of the transaction."""
    query = select(TicketRow).where(TicketRow.id.in_(ids)).order_by(TicketRow.id)
    fresh = query.with_for_update().execution_options(populate_existing=True)
    return {row.id: row for row in session.scalars(fresh)}


def _joined_to(session: Session, ticket_id: int) -> list[str]:
    hanging = TicketRow.joined_to == ticket_id, TicketRow.state == State.JOINED.value
    query = select(TicketRow.number, TicketRow.provisional_number).where(*hanging)
    return [number or provisional for number, provisional in session.execute(query)]
