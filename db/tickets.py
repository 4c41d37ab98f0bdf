"""Tickets in the store: opened with the call, numbered by the day, found again."""

from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Any

from sqlalchemy import ColumnElement, bindparam, or_, select, update
from sqlalchemy.orm import Session

from db.models import TicketCounterRow, TicketRow
from db.upserts import chunks, insert_into
from routing.story import Story
from tickets.fields import fields_given
from tickets.numbers import shanghai_day, ticket_number
from tickets.opening import TicketDraft, ticket_for

FOLLOWS_THE_CALL = ("service_class", "caller", "state", "opened_at", "release_ms")


def open_tickets(session: Session, stories: Sequence[Story]) -> None:
    """A ticket for each call that needs one; one that nobody has touched yet follows its call.

    Last in the transaction: the day's counter is one row, and its lock is held to the end.
    """
    drafts = {
        draft.call_id: draft
        for story in stories
        if story.call and (draft := ticket_for(story.call)) and draft.call_id
    }
    known = _calls_with_ticket(session, drafts)
    _follow(session, [draft for call_id, draft in drafts.items() if call_id in known])
    _open(session, [draft for call_id, draft in drafts.items() if call_id not in known])


def open_ticket(
    session: Session,
    draft: TicketDraft,
    *,
    by: str,
    given: Mapping[str, Any] | None = None,
    at: datetime | None = None,
    part_of: TicketRow | None = None,
) -> TicketRow:
    """A ticket without a call: a visit to the counter, a report, another hotline.

    given: fields that the move `edit` sets. at: when it was written, if later than it was opened.
    part_of: the ticket that was split into this one and others; who answers for it answers for
    this one, too.

    Raises:
        MoveRefused: a field that is not one of those, or a value that cannot stand in it.
    """
    fields = fields_given("edit", given or {})
    last = take_numbers(session, Counter([shanghai_day(draft.opened_at)]))
    day = shanghai_day(draft.opened_at)
    ticket = TicketRow(
        **_row(draft),
        **fields,
        number=ticket_number(day, last[day] + 1),
        changed_by=by,
        changed_at=at or draft.opened_at,
        parent_id=part_of.id if part_of else None,
        responsible=part_of.responsible if part_of else None,
        sealed=part_of.sealed if part_of else False,
    )
    session.add(ticket)
    session.flush()
    return ticket


def find_ticket(session: Session, number: str) -> TicketRow | None:
    """By its number or by the provisional one."""
    either = or_(TicketRow.number == number, TicketRow.provisional_number == number)
    return session.scalar(select(TicketRow).where(either))


def _calls_with_ticket(session: Session, call_ids: dict[str, TicketDraft]) -> set[str]:
    query = select(TicketRow.call_id)
    found: set[str] = set()
    for part in chunks(call_ids):
        ids = session.scalars(query.where(TicketRow.call_id.in_(part)))
        found |= {call_id for call_id in ids if call_id}
    return found


def _open(session: Session, drafts: list[TicketDraft]) -> None:
    if not drafts:
        return
    drafts.sort(key=lambda draft: (draft.opened_at, draft.provisional_number))
    days = [shanghai_day(draft.opened_at) for draft in drafts]
    last = take_numbers(session, Counter(days))
    rows = []
    for day, draft in zip(days, drafts, strict=True):
        last[day] += 1
        rows.append(_row(draft) | {"number": ticket_number(day, last[day])})
    session.connection().execute(insert_into(session, TicketRow), rows)


def take_numbers(session: Session, wanted: Counter[date]) -> dict[date, int]:
    """Takes so many numbers of each day; returns the number before the first one taken."""
    before: dict[date, int] = {}
    for day, count in sorted(wanted.items()):
        insert = insert_into(session, TicketCounterRow).values(day=f"{day:%Y%m%d}", last=count)
        taken = insert.on_conflict_do_update(
            index_elements=["day"], set_={"last": TicketCounterRow.last + count}
        ).returning(TicketCounterRow.last)
        before[day] = session.execute(taken).scalar_one() - count
    return before


def _follow(session: Session, drafts: list[TicketDraft]) -> None:
    if not drafts:
        return
    statement = (
        update(TicketRow)
        .where(TicketRow.call_id == bindparam("of_call"), TicketRow.version == 1, or_(*_differ()))
        .values({name: bindparam(f"new_{name}") for name in FOLLOWS_THE_CALL})
    )
    rows = [_following(draft) for draft in sorted(drafts, key=lambda draft: draft.call_id or "")]
    session.connection().execute(statement, rows)


def _differ() -> list[ColumnElement[bool]]:
    """A call is told two or three times over; what says nothing new is no line of the history."""
    return [
        getattr(TicketRow, name).is_distinct_from(bindparam(f"new_{name}"))
        for name in FOLLOWS_THE_CALL
    ]


def _following(draft: TicketDraft) -> dict[str, Any]:
    row = _row(draft)
    return {"of_call": draft.call_id} | {f"new_{name}": row[name] for name in FOLLOWS_THE_CALL}


def _row(draft: TicketDraft) -> dict[str, Any]:
    return {
        "provisional_number": draft.provisional_number,
        "call_id": draft.call_id,
        "source": draft.source.value,
        "service_class": draft.service_class.value,
        "caller": draft.caller,
        "state": draft.state.value,
        "opened_at": draft.opened_at,
        "release_ms": draft.release_ms,
    }
