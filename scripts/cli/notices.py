"""`l110 supervision`: notices of late tickets, and who was told."""

import json
from datetime import UTC, datetime
from typing import Any

import click

from db.models import SupervisionNoticeRow, TicketRow
from db.notice_messages import queue_notices
from db.supervision import make_notices, newest_notices, notices_of
from scripts.cli import record_views as views
from scripts.cli.context import Site, pass_site
from scripts.cli.deadlines import rules_of
from scripts.cli.stores import explained, read_store, the_ticket
from tickets.ladder import Kind
from tickets.numbers import SHANGHAI

Told = tuple[SupervisionNoticeRow, TicketRow]
json_option = click.option("--json", "as_json", is_flag=True, help="For programs.")


@click.group()
def supervision() -> None:
    """Supervision 督办: reminders, notices and escalations of late tickets."""


@supervision.command("list")
@click.option("--limit", default=50, show_default=True, help="At most so many rows.")
@click.option("--kind", type=click.Choice([each.value for each in Kind]), help="Only these.")
@click.option(
    "--meeting", type=click.DateTime(["%Y-%m-%d"]), help="What goes before the leaders that day."
)
@json_option
@pass_site
def supervision_list(
    site: Site, limit: int, kind: str | None, meeting: datetime | None, as_json: bool
) -> None:
    """Newest first, with the ticket as it stands now."""
    with read_store(site) as session:
        day = meeting.date() if meeting else None
        _show(newest_notices(session, limit, kind=kind, meeting=day), as_json=as_json)


@supervision.command("show")
@click.argument("number")
@json_option
@pass_site
def supervision_show(site: Site, number: str, as_json: bool) -> None:
    """All notices of ticket NUMBER in their words, oldest first."""
    with read_store(site) as session:
        ticket = the_ticket(session, number)
        rows = [(notice, ticket) for notice in notices_of(session, ticket.id)]
        _show(rows, as_json=as_json, whole=True)


@supervision.command("run")
@json_option
@pass_site
def supervision_run(site: Site, as_json: bool) -> None:
    """Write what is due now; safe to run again, and beside the worker."""
    rules, now = rules_of(site), datetime.now(UTC)
    with explained(site.engine):
        made = make_notices(site.engine, now, rules, queue_notices)
    night = rules.hours.is_night(now)
    if as_json:
        click.echo(json.dumps({"made": made, "night": night}))
        return
    click.echo(f"{made} notices made 条督办已生成")
    if night:
        click.echo("It is night: only urgent tickets are told now. 夜间仅处理紧急工单。")


def _show(rows: list[Told], *, as_json: bool, whole: bool = False) -> None:
    if as_json:
        told = [_as_dict(notice, ticket) for notice, ticket in rows]
        click.echo(json.dumps(told, ensure_ascii=False))
        return
    last = "text" if whole else "state"
    table = views.new_table(
        "Supervision 督办", "made", "number", "ticket", "level", "kind", "to", last
    )
    for notice, ticket in rows:
        made = notice.made_at.astimezone(SHANGHAI).strftime("%m-%d %H:%M")
        number = ticket.number or ticket.provisional_number
        to = f"{notice.receiver} {notice.unit or ''}".strip()
        words = f"{notice.zh}\n{notice.en}" if whole else ticket.state
        views.add_row(table, made, notice.number, number, notice.level, notice.kind, to, words)
    views.show(table)


def _as_dict(notice: SupervisionNoticeRow, ticket: TicketRow) -> dict[str, Any]:
    return {
        "made_at": notice.made_at.astimezone(SHANGHAI).isoformat(),
        "number": notice.number,
        "ticket": ticket.number or ticket.provisional_number,
        "state": ticket.state,
        "due_at": notice.due_at.astimezone(SHANGHAI).isoformat(),
        "level": notice.level,
        "kind": notice.kind,
        "to": notice.receiver,
        "unit": notice.unit,
        "meeting_on": notice.meeting_on.isoformat() if notice.meeting_on else None,
        "zh": notice.zh,
        "en": notice.en,
    }
