"""What a unit is told of a dispatch. Never the caller's name or number: those stay in the house."""

import json
from datetime import datetime
from typing import Any, Protocol

from tickets.contacts import Way
from tickets.numbers import SHANGHAI

SEALED = "（保密工单，内容请登录系统查看）"
URGENCY = {"normal": "一般", "urgent": "紧急", "emergency": "特急"}
ANSWER = "签收、提出异议或答复办理结果，请打开："


class Dispatched(Protocol):
    """What the text says of a ticket; a row of the store will do."""

    number: str | None
    provisional_number: str
    unit: str | None
    title: str | None
    request: str | None
    matter: str | None
    urgency: str
    place: str | None
    area: str | None
    sealed: bool
    due_at: datetime | None


def number_of(ticket: Dispatched) -> str:
    return ticket.number or ticket.provisional_number


def subject_of(ticket: Dispatched) -> str:
    """One line: a break in a title must not become a header of the mail."""
    title = "" if ticket.sealed else one_line(ticket.title or "")
    urgency = "" if ticket.urgency == "normal" else f"【{URGENCY[ticket.urgency]}】"
    return f"{urgency}民生110派单 {number_of(ticket)} {title}".strip()


def body_of(ticket: Dispatched, way: Way, key: str, version: int) -> str:
    """JSON for a webhook, text for everybody else. version: with which it was dispatched."""
    return _json(ticket, key, version) if way is Way.WEBHOOK else _text(ticket)


def with_answer_link(way: Way, body: str, url: str) -> str:
    """The link is made when the message goes out, so that no signed link rests in the store."""
    if way is Way.WEBHOOK:
        return _dumped({**json.loads(body), "answer_url": url})
    return f"{body}\n{ANSWER}\n{url}\n"


def one_line(text: str) -> str:
    """Without line breaks and other control characters, at most 200 characters."""
    return "".join(c if c.isprintable() else " " for c in text)[:200]


def _text(ticket: Dispatched) -> str:
    lines = [
        f"工单编号：{number_of(ticket)}",
        f"紧急程度：{URGENCY[ticket.urgency]}",
        f"办理期限：{_shanghai(ticket.due_at)}",
    ]
    if ticket.sealed:
        return "\n".join([*lines, SEALED, ""])
    told = {
        "事项": ticket.matter,
        "标题": ticket.title,
        "地点": ticket.place,
        "区域": ticket.area,
        "诉求": ticket.request,
    }
    lines += [f"{name}：{value}" for name, value in told.items() if value]
    return "\n".join([*lines, ""])


def _json(ticket: Dispatched, key: str, version: int) -> str:
    told: dict[str, Any] = {
        "number": number_of(ticket),
        "version": version,
        "unit": ticket.unit,
        "urgency": ticket.urgency,
        "due_at": ticket.due_at.isoformat() if ticket.due_at else None,
        "sealed": ticket.sealed,
    }
    if not ticket.sealed:
        names = ("title", "request", "matter", "place", "area")
        told |= {name: getattr(ticket, name) for name in names}
    return _dumped({"event": "dispatched", "key": key, "ticket": told})


def _dumped(value: dict[str, Any]) -> str:
    return json.dumps(value, ensure_ascii=False, sort_keys=True, separators=(",", ":"))


def _shanghai(at: datetime | None) -> str:
    return f"{at.astimezone(SHANGHAI):%Y-%m-%d %H:%M}（北京时间）" if at else "未定"
