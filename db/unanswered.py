"""What people asked and no article answered: the editors' list."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import case, select, update
from sqlalchemy.orm import Session

from db.models import UnansweredRow
from db.upserts import insert_into
from tickets.terms import NothingAsked, question_key


def note_unanswered(
    session: Session, question: str, *, at: datetime, matter: str | None, ticket: str | None
) -> None:
    """Asked once more; the same ticket in a row counts once. A settled one is open again.

    Raises:
        NothingAsked: it holds no word.
    """
    key = question_key(question)
    if not key:
        raise NothingAsked("there is no word in it")
    row = insert_into(session, UnansweredRow).values(
        key=key, question=question.strip(), matter=matter, asked=1, first_at=at, last_at=at,
        last_ticket=ticket,
    )  # fmt: skip
    again = case((UnansweredRow.last_ticket == ticket, 0), else_=1) if ticket else 1
    session.execute(
        row.on_conflict_do_update(
            index_elements=["key"],
            set_={
                "asked": UnansweredRow.asked + again,
                "last_at": at,
                "last_ticket": ticket,
                "article": None,
                "settled_at": None,
            },
        )
    )


def unanswered(session: Session, limit: int) -> Sequence[UnansweredRow]:
    """Open ones, the most asked first."""
    query = select(UnansweredRow).where(UnansweredRow.settled_at.is_(None))
    order = query.order_by(UnansweredRow.asked.desc(), UnansweredRow.id)
    return session.scalars(order.limit(limit)).all()


def settle_unanswered(session: Session, question_id: int, article: int, at: datetime) -> bool:
    """Whether it was open: from now on this article answers it."""
    statement = (
        update(UnansweredRow)
        .where(UnansweredRow.id == question_id, UnansweredRow.settled_at.is_(None))
        .values(article=article, settled_at=at)
        .returning(UnansweredRow.id)
    )
    return session.execute(statement).first() is not None
