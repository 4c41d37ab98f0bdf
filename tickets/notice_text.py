"""A notice of supervision as a message to the unit that it is about."""

import json
from typing import Protocol

from tickets.contacts import Way
from tickets.dispatch_text import SEALED
from tickets.ladder import Kind

KINDS = {Kind.REMINDER: "催办", Kind.NOTICE: "督办", Kind.ESCALATION: "升级督办"}


class Notice(Protocol):
    """What the message says; a row of the store will do. number: of notices and escalations."""

    kind: str
    number: str | None
    level: int
    zh: str
    en: str


def notice_subject(notice: Notice, ticket: str) -> str:
    """One line; ticket: its number."""
    number = f"{notice.number} " if notice.number else ""
    return f"民生110{KINDS[Kind(notice.kind)]} {number}工单 {ticket}"


def notice_body(notice: Notice, ticket: str, way: Way, key: str, *, sealed: bool = False) -> str:
    """JSON for a webhook, text for everybody else. sealed: since the notice was made."""
    zh, en = (SEALED, "sealed: sign in to read it") if sealed else (notice.zh, notice.en)
    if way is not Way.WEBHOOK:
        return f"{zh}\n\n{en}\n"
    told = {"kind": notice.kind, "number": notice.number, "level": notice.level, "zh": zh, "en": en}
    value = {"event": "supervised", "key": key, "ticket": {"number": ticket}, "notice": told}
    return json.dumps(value, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
