"""Tickets: the four parts of the record, its history, and the day's numbers."""

from datetime import datetime
from typing import Any

from sqlalchemy import Index, UniqueConstraint, false
from sqlalchemy.orm import Mapped, mapped_column

from db.models.base import Base
from db.types import BigId


class TicketRow(Base):
    """`number` is YYYYMMDD-NNNNNN; `provisional_number` was made on the node at the release.

    version: goes up by one with every change; `move`, `changed_*` and `because` say who made the
    last one, when, and why. A trigger copies each change into ticket_events, and refuses one
    that does not say so.
    """

    __tablename__ = "tickets"
    __table_args__ = (
        Index(None, "state", "opened_at"),
        Index(None, "opened_at", "id"),
        Index(None, "unit", "state"),
        Index(None, "claimed_by", "state"),
        Index(None, "caller", "opened_at"),
        Index(None, "matter", "opened_at"),
        Index(None, "state", "due_at"),
        Index(None, "unit", "opened_at", "id"),
        Index(None, "claimed_by", "opened_at", "id"),
    )

    id: Mapped[int] = mapped_column(BigId, primary_key=True, autoincrement=True)
    number: Mapped[str | None] = mapped_column(unique=True)
    provisional_number: Mapped[str] = mapped_column(unique=True)
    call_id: Mapped[str | None] = mapped_column(unique=True)
    source: Mapped[str]
    service_class: Mapped[str | None]
    state: Mapped[str]
    opened_at: Mapped[datetime]
    release_ms: Mapped[int | None]

    # The caller.
    caller: Mapped[str | None]
    caller_kind: Mapped[str | None]
    caller_name: Mapped[str | None]
    caller_age_band: Mapped[str | None]
    caller_sex: Mapped[str | None]
    caller_work: Mapped[str | None]
    caller_area: Mapped[str | None]

    # The request.
    title: Mapped[str | None]
    request: Mapped[str | None]
    matter: Mapped[str | None]
    matter_version: Mapped[str | None]
    urgency: Mapped[str] = mapped_column(server_default="normal")
    place: Mapped[str | None]
    area: Mapped[str | None]
    sealed: Mapped[bool] = mapped_column(server_default=false())

    # The handling.
    # Named so in the table since its first release, which must be able to run beside this one.
    responsible: Mapped[str | None] = mapped_column("claimed_by")
    handing_to: Mapped[str | None]
    unit: Mapped[str | None]
    result: Mapped[str | None]
    article: Mapped[str | None]
    parent_id: Mapped[int | None] = mapped_column(index=True)
    joined_to: Mapped[int | None] = mapped_column(index=True)
    deadline_class: Mapped[str | None]
    due_at: Mapped[datetime | None]
    due_provisional: Mapped[bool] = mapped_column(server_default=false())
    extension_to: Mapped[datetime | None]
    dispatched_at: Mapped[datetime | None]
    solved_at: Mapped[datetime | None]

    # The call-back.
    said_solved: Mapped[bool | None]
    satisfied: Mapped[int | None]
    close_exempt: Mapped[str | None]
    closed_at: Mapped[datetime | None]

    version: Mapped[int] = mapped_column(server_default="1")
    move: Mapped[str] = mapped_column(server_default="open")
    changed_by: Mapped[str] = mapped_column(server_default="forwarder")
    changed_at: Mapped[datetime | None]
    because: Mapped[str | None]


class TicketEventRow(Base):
    """Written by triggers alone, append-only: one row for each version of a ticket.

    record: the whole ticket as it was after the change.
    """

    __tablename__ = "ticket_events"
    __table_args__ = (Index(None, "ticket_id", "version"),)

    id: Mapped[int] = mapped_column(BigId, primary_key=True, autoincrement=True)
    ticket_id: Mapped[int]
    version: Mapped[int]
    move: Mapped[str]
    from_state: Mapped[str | None]
    to_state: Mapped[str]
    by: Mapped[str]
    at: Mapped[datetime | None]
    because: Mapped[str | None]
    record: Mapped[dict[str, Any]]


class CallBackRow(Base):
    """One attempt to call a citizen back; append-only once it has ended.

    outcome: empty while it goes on, else one of tickets.call_backs. said_solved, satisfied (1-5):
    his keys. sip_call_id: of our INVITE, to be compared with the switch's own list.
    message_file: what he said after the tone, below the folder of messages.
    """

    __tablename__ = "call_backs"
    __table_args__ = (UniqueConstraint("ticket_id", "attempt"),)

    id: Mapped[int] = mapped_column(BigId, primary_key=True, autoincrement=True)
    ticket_id: Mapped[int] = mapped_column(index=True)
    attempt: Mapped[int]
    by: Mapped[str]
    started_at: Mapped[datetime]
    ended_at: Mapped[datetime | None]
    outcome: Mapped[str | None]
    said_solved: Mapped[bool | None]
    satisfied: Mapped[int | None]
    message_file: Mapped[str | None]
    sip_call_id: Mapped[str | None] = mapped_column(index=True)
    note: Mapped[str | None]


class TicketCounterRow(Base):
    """The last number given out on a day (YYYYMMDD in Asia/Shanghai)."""

    __tablename__ = "ticket_counters"

    day: Mapped[str] = mapped_column(primary_key=True)
    last: Mapped[int]
