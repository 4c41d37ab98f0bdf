"""Notices of late tickets, for who supervises."""

from datetime import date, datetime
from typing import Annotated

from fastapi import APIRouter, Query
from pydantic import BaseModel

from db.engine import reading
from db.supervision import newest_notices
from desk.problems import Problem
from desk.security.visitors import SettledVisitor, TheDesk
from tickets.access import may_see
from tickets.dispatch_text import number_of
from tickets.ladder import Kind
from tickets.roles import Role

router = APIRouter(prefix="/supervision", tags=["supervision"])
SUPERVISES = frozenset({Role.SUPERVISOR, Role.LEADER, Role.AUDITOR})


class NoticeView(BaseModel):
    """to: unit, unit-head, desk-supervisor, leader or leaders-meeting. zh, en: its words."""

    number: str | None
    ticket: str
    state: str
    kind: str
    level: int
    to: str
    unit: str | None
    due_at: datetime
    made_at: datetime
    meeting_on: date | None
    zh: str
    en: str


@router.get("", summary="Notices 督办")
def get_notices(
    visitor: SettledVisitor,
    desk: TheDesk,
    kind: Kind | None = None,
    meeting: date | None = None,
    limit: Annotated[int, Query(ge=1, le=200)] = 50,
) -> list[NoticeView]:
    """Newest first, of tickets that I may see. meeting: what goes before the leaders that day."""
    if not visitor.actor.is_any(SUPERVISES):
        raise Problem(403, "not-allowed", "notices are for supervisors, leaders and auditors")
    with reading(desk.engine) as session:
        rows = newest_notices(session, limit, kind=kind.value if kind else None, meeting=meeting)
        return [
            NoticeView(
                number=notice.number,
                ticket=number_of(ticket),
                state=ticket.state,
                kind=notice.kind,
                level=notice.level,
                to=notice.receiver,
                unit=notice.unit,
                due_at=notice.due_at,
                made_at=notice.made_at,
                meeting_on=notice.meeting_on,
                zh=notice.zh,
                en=notice.en,
            )
            for notice, ticket in rows
            if may_see(ticket, visitor.actor)
        ]
