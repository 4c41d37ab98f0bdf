"""`l110 tickets deadline`: day by day how a deadline was reached."""

import json
from datetime import UTC, date, datetime, timedelta
from typing import Any

import click
from rich.console import RenderableType
from rich.text import Text

from db.calendar import load_calendar
from db.deadlines import Explained, explain
from db.models import TicketRow
from scripts.cli import record_views as views
from scripts.cli.context import Site, pass_site
from scripts.cli.deadlines import rules_of
from scripts.cli.stores import read_store, the_ticket
from tickets.calendar import DayKind
from tickets.deadline import Step
from tickets.numbers import SHANGHAI
from tickets.working_time import measure

KINDS = {
    DayKind.WORKING: "working day 工作日",
    DayKind.WEEKEND: "weekend 周末",
    DayKind.HOLIDAY: "day off 放假",
    DayKind.MAKE_UP: "make-up workday 调休上班",
}
WEEKDAYS = "一二三四五六日"


@click.command("deadline")
@click.argument("number")
@click.option("--json", "as_json", is_flag=True, help="For programs.")
@pass_site
def tickets_deadline(site: Site, number: str, as_json: bool) -> None:
    """Day by day how the deadline of ticket NUMBER was reached; times of Asia/Shanghai.

    逐日说明工单时限的计算。
    """
    rules, now = rules_of(site), datetime.now(UTC)
    with read_store(site) as session:
        ticket = the_ticket(session, number)
        found = explain(session, ticket, now, rules.time(load_calendar(session)))
        if found is None:
            raise click.ClickException(
                f"{number} has no deadline that began with a dispatch; it is {ticket.state}."
                " `l110 tickets show` has its fields."
            )
        if as_json:
            click.echo(json.dumps(deadline_as_dict(ticket, found), ensure_ascii=False))
        else:
            views.show(*deadline_parts(ticket, found, rules.hours.office_day))


def deadline_as_dict(ticket: TicketRow, found: Explained) -> dict[str, Any]:
    """stored_due_at: as it stands on the ticket, which a change of days may have left behind."""
    end = found.deadline
    return {
        "number": ticket.number or ticket.provisional_number,
        "state": ticket.state,
        "deadline_class": found.deadline_class,
        "tier": found.tier,
        "started_at": _iso(end.started_at),
        "due_at": _iso(end.due_at),
        "provisional": end.provisional,
        "extended_to": _iso(end.extended_to),
        "waiting_since": _iso(found.waiting_since),
        "stored_due_at": _iso(ticket.due_at),
        "total_s": int(end.total.total_seconds()),
        "steps": [_step_as_dict(step) for step in end.steps],
    }


def deadline_parts(
    ticket: TicketRow, found: Explained, office_day: timedelta
) -> list[RenderableType]:
    end = found.deadline
    table = views.new_table(
        f"Deadline 时限 {ticket.number or ticket.provisional_number}",
        "day 日期", "kind 类别", "counted 计入", "paused 暂停", "left 剩余",
    )  # fmt: skip
    for step in end.steps:
        paused = _hours(step.paused) if step.paused else None
        left, counted = _hours(step.left), _hours(step.counted)
        views.add_row(table, _day(step.day), _kind(step), counted, paused, left)
    return [table, Text("\n".join(_sentences(ticket, found, office_day)))]


def _sentences(ticket: TicketRow, found: Explained, office_day: timedelta) -> list[str]:
    end, tier = found.deadline, measure(found.tier)
    told = [f"Dispatched {_time(end.started_at)}; {tier} ({found.deadline_class})."]
    told += [f"派单 {_time(end.started_at)}，时限 {tier.zh}。"]
    if tier.unit == "day":
        told += ["The day of dispatch does not count. 派单当日不计入。"]
        hours = _hours(office_day)
        told += [f"A working day is {hours} of the office's hours. 1个工作日计{hours}。"]
    if found.waiting_since:
        since = _time(found.waiting_since)
        told += [f"The clock stands since {since}: it waits for the citizen. 等待群众，计时暂停。"]
    if end.extended_to:
        told += [f"Extended to {_time(end.extended_to)}. 已延期。"]
    if end.provisional:
        told += [
            "Provisional: the make-up days of days marked ? are not published yet."
            " 暂定：调休安排尚未公布。"
        ]
    told += [f"Due 到期 {_time(end.due_at)}"]
    if ticket.due_at and ticket.due_at != end.due_at and not found.waiting_since:
        told += [
            f"On the ticket stands {_time(ticket.due_at)}: days were changed since, and"
            " `l110 calendar recompute --all` moves it. 工单上的时限尚未重算。"
        ]
    return told


def _kind(step: Step) -> str:
    name = f" ({step.zh} {step.en})" if step.zh != step.en else f" ({step.zh})" if step.zh else ""
    return KINDS[step.kind] + name + ("" if step.settled else " ?")


def _step_as_dict(step: Step) -> dict[str, Any]:
    return {
        "day": step.day.isoformat(),
        "kind": step.kind.value,
        "zh": step.zh,
        "en": step.en,
        "counted_s": step.counted.total_seconds(),
        "paused_s": step.paused.total_seconds(),
        "left_s": step.left.total_seconds(),
        "settled": step.settled,
    }


def _day(day: date) -> str:
    return f"{day} {WEEKDAYS[day.weekday()]}"


def _hours(length: timedelta) -> str:
    """Hours and minutes: 31:30."""
    minutes = round(length.total_seconds() / 60)
    return f"{minutes // 60}:{minutes % 60:02d}"


def _time(at: datetime) -> str:
    return at.astimezone(SHANGHAI).strftime("%Y-%m-%d %H:%M")


def _iso(at: datetime | None) -> str | None:
    return at.astimezone(SHANGHAI).isoformat() if at else None
