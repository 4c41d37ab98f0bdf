"""A notice of supervision in words."""

from dataclasses import dataclass
from datetime import date, datetime
from typing import Protocol

from tickets.calendar import Calendar
from tickets.ladder import Receiver, Rung, meeting_on, words
from tickets.numbers import SHANGHAI

SEALED = ("保密工单", "sealed")


class Late(Protocol):
    """What a notice says of a ticket."""

    id: int
    number: str | None
    provisional_number: str
    title: str | None
    sealed: bool
    unit: str | None
    due_at: datetime


@dataclass(frozen=True, slots=True)
class NoticeDraft:
    """A notice without its number. `ticket`: its number. title: zh, en."""

    ticket_id: int
    ticket: str
    title: tuple[str, str]
    due_at: datetime
    unit: str | None
    rung: Rung
    meeting_on: date | None

    @property
    def key(self) -> tuple[int, datetime, int]:
        """What can be written once only."""
        return self.ticket_id, self.due_at, self.rung.level


def notice_number(year: int, n: int) -> str:
    """The nth of a year: `2026-0017`; in Chinese 〔2026〕17号."""
    return f"{year}-{n:04d}"


def draft_notice(
    ticket: Late, rung: Rung, now: datetime, meeting_day: int, calendar: Calendar
) -> NoticeDraft:
    """A sealed ticket's title stays out of it: it goes to people who may not read the ticket."""
    leaders = rung.to is Receiver.LEADERS_MEETING
    title = ticket.title or "-"
    return NoticeDraft(
        ticket_id=ticket.id,
        ticket=ticket.number or ticket.provisional_number,
        title=SEALED if ticket.sealed else (title, title),
        due_at=ticket.due_at,
        unit=ticket.unit,
        rung=rung,
        meeting_on=meeting_on(now, meeting_day, calendar) if leaders else None,
    )


def texts(draft: NoticeDraft, number: str | None) -> tuple[str, str]:
    """In Chinese and in English."""
    due, meeting = draft.due_at.astimezone(SHANGHAI), draft.meeting_on
    year, _, n = (number or "").partition("-")
    shared = {"ticket": draft.ticket, "unit": draft.unit or "-"}
    zh = shared | {
        "title": draft.title[0],
        "due": f"{due.year}年{due.month}月{due.day}日{due:%H:%M}",
        "number": f"〔{year}〕{int(n)}号" if n else "",
        "meeting": f"{meeting.month}月{meeting.day}日" if meeting else "",
    }
    en = shared | {
        "title": draft.title[1],
        "due": f"{due:%Y-%m-%d %H:%M}",
        "number": number or "",
        "meeting": f"{meeting:%Y-%m-%d}" if meeting else "",
    }
    return words(draft.rung.zh, zh), words(draft.rung.en, en)
