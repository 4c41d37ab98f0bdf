"""Whose turn a call-back is. The attempts themselves are in db/models/tickets.py."""

from datetime import datetime

from sqlalchemy import Index
from sqlalchemy.orm import Mapped, mapped_column

from db.models.base import Base


class CallBackTurnRow(Base):
    """One for each ticket that owes a call-back; gone when it is closed or reopened.

    state: due (due_at: not before), calling (due_at: then the attempt is given up), or person:
    somebody of the desk calls, and `because` says why.
    """

    __tablename__ = "call_back_turns"
    __table_args__ = (Index(None, "state", "due_at"),)

    ticket_id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    state: Mapped[str]
    due_at: Mapped[datetime | None]
    because: Mapped[str | None]
