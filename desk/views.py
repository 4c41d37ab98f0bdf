"""Tickets as the API shows them: numbers masked, times of Asia/Shanghai, no row ids."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from pydantic import BaseModel, Field
from sqlalchemy import Boolean, inspect, select
from sqlalchemy.orm import Session

from db.models import TicketEventRow, TicketRow
from db.ticket_moves import columns_of
from db.types import UtcDateTime
from reports.masking import mask_number
from tickets.fields import OF_MOVE
from tickets.lifecycle import Move
from tickets.numbers import SHANGHAI

ROW_IDS = frozenset({"id", "parent_id", "joined_to"})


class TicketView(BaseModel):
    """`caller` is masked. parent, joined_to: numbers of tickets."""

    number: str
    provisional_number: str
    call_id: str | None
    source: str
    service_class: str | None
    state: str
    opened_at: datetime
    release_ms: int | None

    caller: str | None = Field(description="Masked: 138****0001.")
    caller_kind: str | None
    caller_name: str | None
    caller_age_band: str | None
    caller_sex: str | None
    caller_work: str | None
    caller_area: str | None

    title: str | None
    request: str | None
    matter: str | None
    matter_version: str | None
    urgency: str
    place: str | None
    area: str | None
    sealed: bool

    responsible: str | None
    handing_to: str | None
    unit: str | None
    result: str | None
    article: str | None
    parent: str | None
    joined_to: str | None
    deadline_class: str | None
    due_at: datetime | None
    due_provisional: bool
    extension_to: datetime | None
    dispatched_at: datetime | None
    solved_at: datetime | None

    said_solved: bool | None
    satisfied: int | None
    close_exempt: str | None
    closed_at: datetime | None

    version: int = Field(description="To be sent back with a move.")
    move: str = Field(description="The last one.")
    changed_by: str
    changed_at: datetime | None
    because: str | None


class EventView(BaseModel):
    """record: the whole ticket after the change, as in `TicketView` but by the table's names."""

    version: int
    move: str
    from_state: str | None
    to_state: str
    by: str
    at: datetime | None
    because: str | None
    record: dict[str, Any]


class MoveView(BaseModel):
    """needs: fields that must be there, with the move or from before. sets: what it may set."""

    move: str
    chinese: str
    to: str | None = Field(description="The state afterwards; null: it stays.")
    needs: list[str]
    sets: list[str]
    because: bool = Field(description="Whether a reason in words is asked for.")


def ticket_view(session: Session, ticket: TicketRow) -> TicketView:
    return columns_view(session, columns_of(ticket))


def columns_view(session: Session, columns: Mapping[str, Any]) -> TicketView:
    """`columns`: of `db.ticket_moves.columns_of`."""
    told = {name: _shown(name, value) for name, value in columns.items() if name not in ROW_IDS}
    told["number"] = columns["number"] or columns["provisional_number"]
    told["parent"] = _number_of(session, columns["parent_id"])
    told["joined_to"] = _number_of(session, columns["joined_to"])
    return TicketView.model_validate(told)


def history_view(events: Sequence[TicketEventRow]) -> list[EventView]:
    return [
        EventView(
            version=event.version,
            move=event.move,
            from_state=event.from_state,
            to_state=event.to_state,
            by=event.by,
            at=_shanghai(event.at),
            because=event.because,
            record=_record(event.record),
        )
        for event in events
    ]


def move_view(move: Move) -> MoveView:
    return MoveView(
        move=move.name,
        chinese=move.chinese,
        to=move.to.value if move.to else None,
        needs=list(move.needs),
        sets=sorted(OF_MOVE.get(move.name, frozenset())),
        because=move.because,
    )


def _shown(name: str, value: object) -> object:
    if name == "caller" and isinstance(value, str):
        return mask_number(value)
    return _shanghai(value) if isinstance(value, datetime) else value


def _shanghai(at: datetime | None) -> datetime | None:
    return at.astimezone(SHANGHAI) if at else None


def _number_of(session: Session, ticket_id: int | None) -> str | None:
    if ticket_id is None:
        return None
    return session.scalar(select(TicketRow.number).where(TicketRow.id == ticket_id))


def _record(kept: Mapping[str, Any]) -> dict[str, Any]:
    """The triggers of the two stores write truth and times in two ways."""
    kinds = {
        column.name: column.type
        for attribute in inspect(TicketRow).column_attrs
        for column in attribute.columns
    }
    told: dict[str, Any] = {}
    for name, value in kept.items():
        if name in ROW_IDS:
            continue
        kind = kinds.get(name)
        if value is None:
            told[name] = None
        elif isinstance(kind, Boolean):
            told[name] = bool(value)
        elif isinstance(kind, UtcDateTime):
            at = datetime.fromisoformat(str(value))
            at = at if at.tzinfo else at.replace(tzinfo=UTC)
            told[name] = at.astimezone(SHANGHAI).isoformat()
        else:
            told[name] = _shown(name, value)
    return told
