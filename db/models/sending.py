"""What goes out to the units, where to, and what they answer by link."""

from datetime import datetime

from sqlalchemy import Index, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from db.models.base import Base
from db.types import BigId


class UnitContactRow(Base):
    """How a unit is told of a dispatch, besides its inbox, which every unit has.

    way: email, webhook or console. address: for `console` the unit's own code.
    """

    __tablename__ = "unit_contacts"
    __table_args__ = (UniqueConstraint("unit", "way", "address"),)

    id: Mapped[int] = mapped_column(BigId, primary_key=True, autoincrement=True)
    unit: Mapped[str]
    way: Mapped[str]
    address: Mapped[str]


class MessageRow(Base):
    """One message of one dispatch on one way: work of the kind that db/due_work.py hands out.

    notice_id: of the notice of supervision that it tells, if it is not the dispatch itself.

    dispatch_version: the ticket's version with which it was dispatched; `dispatch` and `overrule`
    each make one. key: the same in every try, so that a receiver tells a repeat by it.
    state: due, sending, sent, dead (given up) or dropped (the ticket is no longer with the unit).
    claimed_by, claimed_until: who tries, and from when on another may.
    """

    __tablename__ = "messages"
    __table_args__ = (
        UniqueConstraint("key"),
        Index(None, "state", "due_at", "id"),
        Index(None, "state", "claimed_until"),
        Index(None, "ticket_id", "dispatch_version"),
        Index(None, "unit", "way", "id"),
    )

    id: Mapped[int] = mapped_column(BigId, primary_key=True, autoincrement=True)
    ticket_id: Mapped[int]
    dispatch_version: Mapped[int]
    notice_id: Mapped[int | None]
    unit: Mapped[str]
    way: Mapped[str]
    address: Mapped[str]
    subject: Mapped[str]
    body: Mapped[str]
    key: Mapped[str]
    made_at: Mapped[datetime]
    state: Mapped[str]
    due_at: Mapped[datetime]
    attempts: Mapped[int] = mapped_column(server_default="0")
    claimed_by: Mapped[str | None]
    claimed_until: Mapped[datetime | None]
    failed_because: Mapped[str | None]
    sent_at: Mapped[datetime | None]


class UnitAnswerRow(Base):
    """What a unit answered by the link of one dispatch; each kind of answer counts once.

    kind: accept, object or solve. ticket_version: the ticket's after it.
    """

    __tablename__ = "unit_answers"
    __table_args__ = (UniqueConstraint("ticket_id", "dispatch_version", "kind"),)

    id: Mapped[int] = mapped_column(BigId, primary_key=True, autoincrement=True)
    ticket_id: Mapped[int]
    dispatch_version: Mapped[int]
    unit: Mapped[str]
    kind: Mapped[str]
    said: Mapped[str | None]
    at: Mapped[datetime]
    ticket_version: Mapped[int | None]
