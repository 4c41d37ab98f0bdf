"""Supervision (督办): the rungs of the ladder that tickets have reached, each written once.

Any number of workers may do this at once: the unique key of `supervision_notices` lets one of them
write a notice, and only who wrote it passes it on.
"""

from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import date, datetime
from typing import Any

from sqlalchemy import Engine, bindparam, select, update
from sqlalchemy.orm import Session

from db.calendar import load_calendar
from db.engine import reading, writing
from db.models import SupervisionCounterRow, SupervisionNoticeRow, TicketDeadlineRow, TicketRow
from db.upserts import insert_into
from tickets.deadline_rules import DeadlineRules
from tickets.ladder import NUMBERED, SUPERVISED, due_rungs, horizon
from tickets.notices import NoticeDraft, draft_notice, notice_number, texts
from tickets.numbers import shanghai_day
from tickets.working_time import measure

AT_ONCE = 200  # notices in one statement, and in one transaction of a worker
PAGE = 500


PassOn = Callable[[Session, Sequence[SupervisionNoticeRow]], None]


def due_notices(
    session: Session, now: datetime, rules: DeadlineRules
) -> list[SupervisionNoticeRow]:
    """Write all notices that are due, in this one transaction: those that this caller made."""
    return write_notices(session, missing_notices(session, now, rules), now)


def make_notices(
    engine: Engine, now: datetime, rules: DeadlineRules, pass_on: PassOn | None = None
) -> int:
    """For the worker, each minute: how many were made, in transactions of AT_ONCE.

    pass_on: sends them on their way, in the same transaction.
    """
    with reading(engine) as session:
        drafts = missing_notices(session, now, rules)
    made = 0
    for start in range(0, len(drafts), AT_ONCE):
        with writing(engine) as session:
            rows = write_notices(session, drafts[start : start + AT_ONCE], now)
            if pass_on and rows:
                pass_on(session, rows)
            made += len(rows)
    return made


def missing_notices(session: Session, now: datetime, rules: DeadlineRules) -> list[NoticeDraft]:
    """What is due and not written yet."""
    calendar = load_calendar(session)
    time = rules.time(calendar)
    until = max(horizon(ladder, now, time) for ladder in rules.ladders.values())
    drafts: list[NoticeDraft] = []
    for tickets in _late_or_near(session, until):
        made, units = _made(session, tickets), _tier_units(session, tickets)
        for ticket in tickets:
            ladder = rules.ladders[units.get(ticket.id, "day")]
            rungs = due_rungs(ladder, ticket, now, time, made[ticket.id, ticket.due_at])
            drafts += [
                draft_notice(ticket, rung, now, rules.meeting_day, calendar) for rung in rungs
            ]
    return drafts


def write_notices(
    session: Session, drafts: Sequence[NoticeDraft], now: datetime
) -> list[SupervisionNoticeRow]:
    """Those that nobody else wrote before.

    In the order of their keys, so that two writers never wait for each other in a ring; the
    counter's one row comes last for the same reason.
    """
    ordered = sorted(drafts, key=lambda draft: draft.key)
    written: list[tuple[NoticeDraft, int]] = []
    for start in range(0, len(ordered), AT_ONCE):
        written += _insert(session, ordered[start : start + AT_ONCE], now)
    _number_and_word(session, written, now)
    rows: list[SupervisionNoticeRow] = []
    for start in range(0, len(written), AT_ONCE):
        ids = [notice_id for _, notice_id in written[start : start + AT_ONCE]]
        query = select(SupervisionNoticeRow).where(SupervisionNoticeRow.id.in_(ids))
        rows += session.scalars(query.order_by(SupervisionNoticeRow.id))
    return rows


def notices_of(session: Session, ticket_id: int) -> Sequence[SupervisionNoticeRow]:
    """Oldest first."""
    query = select(SupervisionNoticeRow).where(SupervisionNoticeRow.ticket_id == ticket_id)
    return session.scalars(query.order_by(SupervisionNoticeRow.id)).all()


def newest_notices(
    session: Session, limit: int, *, kind: str | None = None, meeting: date | None = None
) -> list[tuple[SupervisionNoticeRow, TicketRow]]:
    """With the ticket as it stands. meeting: what goes before the leaders on that day."""
    query = select(SupervisionNoticeRow, TicketRow).join(
        TicketRow, TicketRow.id == SupervisionNoticeRow.ticket_id
    )
    if kind:
        query = query.where(SupervisionNoticeRow.kind == kind)
    if meeting:
        query = query.where(SupervisionNoticeRow.meeting_on == meeting)
    newest = SupervisionNoticeRow.made_at.desc(), SupervisionNoticeRow.id.desc()
    return [(row[0], row[1]) for row in session.execute(query.order_by(*newest).limit(limit))]


def _late_or_near(session: Session, until: datetime) -> Iterator[Sequence[Any]]:
    query = select(
        TicketRow.id, TicketRow.number, TicketRow.provisional_number, TicketRow.title,
        TicketRow.sealed, TicketRow.unit, TicketRow.due_at, TicketRow.dispatched_at,
        TicketRow.urgency,
    ).where(TicketRow.state.in_(sorted(SUPERVISED)), TicketRow.due_at <= until)  # fmt: skip
    yield from session.execute(query).partitions(PAGE)


def _made(session: Session, tickets: Sequence[Any]) -> Mapping[tuple[int, datetime], set[int]]:
    query = select(*_key_columns()).where(
        SupervisionNoticeRow.ticket_id.in_([ticket.id for ticket in tickets])
    )
    made: dict[tuple[int, datetime], set[int]] = defaultdict(set)
    for ticket_id, due_at, level in session.execute(query):
        made[ticket_id, due_at].add(level)
    return made


def _key_columns() -> tuple[Any, Any, Any]:
    return (
        SupervisionNoticeRow.ticket_id,
        SupervisionNoticeRow.due_at,
        SupervisionNoticeRow.level,
    )


def _tier_units(session: Session, tickets: Sequence[Any]) -> dict[int, str]:
    """minute, hour or day, of each ticket's newest dispatch."""
    query = select(TicketDeadlineRow.ticket_id, TicketDeadlineRow.tier).where(
        TicketDeadlineRow.ticket_id.in_([ticket.id for ticket in tickets])
    )
    rows = session.execute(query.order_by(TicketDeadlineRow.version))
    return {ticket_id: measure(tier).unit for ticket_id, tier in rows}


def _insert(
    session: Session, drafts: Sequence[NoticeDraft], now: datetime
) -> list[tuple[NoticeDraft, int]]:
    wanted = {draft.key: draft for draft in _still_late(session, drafts)}
    if not wanted:
        return []
    insert = insert_into(session, SupervisionNoticeRow)
    statement = (
        insert.values([_row(draft, now) for draft in wanted.values()])
        .on_conflict_do_nothing()
        .returning(SupervisionNoticeRow.id, *_key_columns())
    )
    mine = {(row[1], row[2], row[3]): row[0] for row in session.execute(statement)}
    return [(draft, mine[key]) for key, draft in wanted.items() if key in mine]


def _still_late(session: Session, drafts: Sequence[NoticeDraft]) -> list[NoticeDraft]:
    """One that was solved, waits or was given more time since it was looked at is left alone."""
    ids = {draft.ticket_id for draft in drafts}
    query = select(TicketRow.id, TicketRow.due_at).where(
        TicketRow.id.in_(ids), TicketRow.state.in_(sorted(SUPERVISED))
    )
    standing = {row.id: row.due_at for row in session.execute(query)}
    return [draft for draft in drafts if standing.get(draft.ticket_id) == draft.due_at]


def _row(draft: NoticeDraft, now: datetime) -> dict[str, Any]:
    return {
        "ticket_id": draft.ticket_id,
        "due_at": draft.due_at,
        "level": draft.rung.level,
        "kind": draft.rung.kind.value,
        "receiver": draft.rung.to.value,
        "unit": draft.unit,
        "zh": "",
        "en": "",
        "made_at": now,
        "meeting_on": draft.meeting_on,
    }


def _number_and_word(
    session: Session, written: Sequence[tuple[NoticeDraft, int]], now: datetime
) -> None:
    """Numbers go up without gaps: only who has written a notice takes one."""
    numbered = sum(draft.rung.kind in NUMBERED for draft, _ in written)
    year = shanghai_day(now).year
    last = _take_numbers(session, year, numbered) if numbered else 0
    values = []
    for draft, notice_id in written:
        number = None
        if draft.rung.kind in NUMBERED:
            last += 1
            number = notice_number(year, last)
        zh, en = texts(draft, number)
        values.append({"of": notice_id, "new_number": number, "new_zh": zh, "new_en": en})
    if not values:
        return
    statement = (
        update(SupervisionNoticeRow.__table__)  # type: ignore[arg-type]
        .where(SupervisionNoticeRow.id == bindparam("of"))
        .values(number=bindparam("new_number"), zh=bindparam("new_zh"), en=bindparam("new_en"))
    )
    session.connection().execute(statement, values)


def _take_numbers(session: Session, year: int, count: int) -> int:
    """The number before the first one taken."""
    insert = insert_into(session, SupervisionCounterRow).values(year=year, last=count)
    taken = insert.on_conflict_do_update(
        index_elements=["year"], set_={"last": SupervisionCounterRow.last + count}
    ).returning(SupervisionCounterRow.last)
    return int(session.execute(taken).scalar_one()) - count
