"""Calls: the steps, the legs, the story."""

from datetime import datetime
from typing import Any

from sqlalchemy import Index, text
from sqlalchemy.orm import Mapped, mapped_column

from db.models.base import Base


class CallStepRow(Base):
    """Append-only: triggers refuse UPDATE and DELETE on both stores."""

    __tablename__ = "call_steps"
    __table_args__ = (
        Index(None, "node", "leg"),
        Index(
            "ix_call_steps_boots",
            "node",
            "at",
            sqlite_where=text("kind = 'boot'"),
            postgresql_where=text("kind = 'boot'"),
        ),
    )

    event_id: Mapped[str] = mapped_column(primary_key=True)
    node: Mapped[str]
    leg: Mapped[str]
    call_id: Mapped[str | None] = mapped_column(index=True)
    kind: Mapped[str]
    at: Mapped[datetime]
    data: Mapped[dict[str, Any]]


class CallLegRow(Base):
    """One row per trunk INVITE, keyed by node and the trunk channel's uniqueid."""

    __tablename__ = "call_legs"
    __table_args__ = (Index(None, "node", "ended_at"),)

    node: Mapped[str] = mapped_column(primary_key=True)
    uniqueid: Mapped[str] = mapped_column(primary_key=True)
    call_id: Mapped[str | None] = mapped_column(index=True)
    sip_call_id: Mapped[str | None] = mapped_column(index=True)
    trunk: Mapped[str | None]
    started_at: Mapped[datetime | None] = mapped_column(index=True)
    ended_at: Mapped[datetime | None]
    end_reason: Mapped[str | None]
    end_cause: Mapped[str | None]
    line_held_ms: Mapped[int | None]
    intake_seen: Mapped[bool] = mapped_column(default=False)


class CallRow(Base):
    """The caller's story: a pure fold over its steps, written anew whenever one arrives.

    release_ms: from the key to the slot free.
    trunk_free_ms: from the key to the trunk channel gone; empty until then.
    slot_held_ms: from the start to the slot free, or to the end if it was not given back before.
    trunk_held_ms: from the start to the trunk leg's real end; empty until then.
    """

    __tablename__ = "calls"
    __table_args__ = (Index(None, "outcome", "started_at"),)

    call_id: Mapped[str] = mapped_column(primary_key=True)
    node: Mapped[str]
    started_at: Mapped[datetime | None] = mapped_column(index=True)
    answered_at: Mapped[datetime | None]
    caller: Mapped[str | None] = mapped_column(index=True)
    caller_raw_hex: Mapped[str | None]
    caller_name: Mapped[str | None]
    withheld: Mapped[bool | None]
    location: Mapped[str | None]
    language: Mapped[str | None]
    key: Mapped[str | None]
    verdict: Mapped[str | None]
    reason: Mapped[str | None]
    rule_id: Mapped[str | None]
    rules_version: Mapped[str | None]
    marks: Mapped[str | None]
    release_mode: Mapped[str | None]
    released_at: Mapped[datetime | None]
    release_ms: Mapped[int | None]
    trunk_free_ms: Mapped[int | None]
    slot_held_ms: Mapped[int | None]
    trunk_held_ms: Mapped[int | None]
    service_class: Mapped[str | None]
    queue: Mapped[str | None]
    seat: Mapped[str | None]
    seat_answered_at: Mapped[datetime | None]
    wait_ms: Mapped[int | None]
    talk_ms: Mapped[int | None]
    returned_at: Mapped[datetime | None]
    ended_at: Mapped[datetime | None]
    ended_by: Mapped[str | None]
    end_cause: Mapped[str | None]
    forced_by: Mapped[str | None]
    forced_reason: Mapped[str | None]
    outcome: Mapped[str | None]
    bridge: Mapped[str | None]
