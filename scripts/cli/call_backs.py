"""`l110 call-backs`: whose turn it is, and one round of calls."""

import json
import logging
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

import click
import structlog
from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table

from db.call_back_answers import call_back_by_hand
from db.call_backs import attempts_of, turns, unhappy_tickets
from db.models import CallBackRow, CallBackTurnRow, TicketRow
from dispatch.call_backs import run_call_backs
from reports.masking import mask_number
from scripts.call_backs import placer_of, plan_of
from scripts.cli.acting import acting, as_option
from scripts.cli.context import Site, pass_site
from scripts.cli.stores import explained, read_store, the_ticket
from tickets.call_backs import HoursBad, Turn
from tickets.numbers import SHANGHAI

limit_option = click.option("--limit", default=50, show_default=True, help="At most so many rows.")
json_option = click.option("--json", "as_json", is_flag=True, help="For programs; numbers masked.")
ATTEMPT = (
    "attempt", "by", "started_at", "ended_at", "outcome", "said_solved", "satisfied",
    "message_file", "sip_call_id", "note",
)  # fmt: skip


def _now() -> datetime:
    return datetime.now(UTC)


@click.group("call-backs")
def call_backs() -> None:
    """Call-backs: solved tickets whose citizens are asked by telephone. 回访"""


@call_backs.command("run-once")
@click.option("--json", "as_json", is_flag=True, help="For programs.")
@pass_site
def run_once(site: Site, as_json: bool) -> None:
    """One round: follow up what has ended, take in what is solved, ring who is due.

    It does not wait for the calls: the next round sees what came of them. 执行一轮回访
    """
    quiet = structlog.make_filtering_bound_logger(logging.CRITICAL)
    structlog.configure(wrapper_class=quiet)  # the command itself says what is wrong
    try:
        plan = plan_of(site.settings)
    except HoursBad as error:
        raise click.ClickException(f"call_backs.hours: {error}.") from None
    with explained(site.engine):
        done = run_call_backs(site.engine, placer_of(site.settings), _now(), plan)
    if as_json:
        click.echo(json.dumps(done.as_dict()))
    else:
        told = ", ".join(f"{name} {count}" for name, count in done.as_dict().items() if count)
        click.echo(told or "nothing to do")
    if done.away:
        raise click.ClickException(
            "Asterisk took no order; `l110 status` and the log say why. It is tried again later."
        )


@call_backs.command("list")
@limit_option
@json_option
@click.option("--state", type=click.Choice([each.value for each in Turn]))
@pass_site
def call_backs_list(site: Site, limit: int, as_json: bool, state: str | None) -> None:
    """Who is to be called, longest due first; `--state person`: those that a person must call."""
    with read_store(site) as session:
        rows = turns(session, limit, state)
    if as_json:
        click.echo(json.dumps([_as_dict(*row) for row in rows], ensure_ascii=False))
    else:
        Console().print(_table(rows))


@call_backs.command("show")
@click.argument("number")
@json_option
@pass_site
def call_backs_show(site: Site, number: str, as_json: bool) -> None:
    """Every attempt for the ticket NUMBER, oldest first."""
    with read_store(site) as session:
        ticket = the_ticket(session, number)
        rows = attempts_of(session, ticket.id)
    if as_json:
        click.echo(json.dumps([_attempt(row) for row in rows], ensure_ascii=False))
    elif rows:
        Console().print(_attempts_table(rows))
    else:
        click.echo("no attempt yet 尚未回访")


@call_backs.command("unhappy")
@limit_option
@json_option
@pass_site
def unhappy(site: Site, limit: int, as_json: bool) -> None:
    """For the supervisor: reopened by what the citizen said, and not taken up yet. 不满意重办"""
    with read_store(site) as session:
        rows = unhappy_tickets(session, limit)
    if as_json:
        names = ("number", "unit", "responsible", "changed_at", "because")
        told = [{name: _plain(getattr(row, name)) for name in names} for row in rows]
        click.echo(json.dumps(told, ensure_ascii=False))
        return
    table = Table(title="Reopened 不满意重办", box=SIMPLE_HEAD)
    for name in ("ticket 工单", "unit", "since"):
        table.add_column(name, no_wrap=True)
    table.add_column("because 原因")
    for row in rows:
        number = row.number or row.provisional_number
        table.add_row(number, row.unit or "-", _clock(row.changed_at), row.because or "-")
    Console().print(table)


@call_backs.command("by-hand")
@click.argument("number")
@as_option
@click.option("--solved/--not-solved", default=None, help="What he said; left out: not reached.")
@click.option("--satisfied", type=click.IntRange(1, 5), help="1 (not at all) to 5 (very).")
@click.option("--note", required=True, help="What was said, or why he was not reached.")
@pass_site
def by_hand(
    site: Site, number: str, user: str, solved: bool | None, satisfied: int | None, note: str
) -> None:
    """Note that a person rang the citizen of the ticket NUMBER. 人工回访

    Solved closes the ticket; not solved, or satisfied 1 or 2, reopens it.
    """
    with acting(site, user, "ticket.call-back", number) as (session, actor):
        ticket = the_ticket(session, number)
        _, main = call_back_by_hand(
            session,
            ticket.id,
            actor=actor,
            at=_now(),
            said_solved=solved,
            satisfied=satisfied,
            note=note,
        )
        told = f"{main.number or main.provisional_number}: {main.state}"
    click.echo(told)


def _as_dict(turn: CallBackTurnRow, ticket: TicketRow, attempts: int) -> dict[str, Any]:
    return {
        "number": ticket.number,
        "caller": mask_number(ticket.caller),
        "state": turn.state,
        "due_at": turn.due_at.isoformat() if turn.due_at else None,
        "attempts": attempts,
        "because": turn.because,
    }


def _attempt(row: CallBackRow) -> dict[str, Any]:
    return {name: _plain(getattr(row, name)) for name in ATTEMPT}


def _plain(value: object) -> object:
    return value.isoformat() if isinstance(value, datetime) else value


def _table(rows: Sequence[tuple[CallBackTurnRow, TicketRow, int]]) -> Table:
    table = Table(title="Call-backs 回访", box=SIMPLE_HEAD)
    for name in ("ticket 工单", "caller", "turn", "due 应回访", "tries"):
        table.add_column(name, no_wrap=True)
    table.add_column("because 原因")
    for turn, ticket, attempts in rows:
        number = ticket.number or ticket.provisional_number
        caller = mask_number(ticket.caller)
        told = (number, caller, turn.state, _clock(turn.due_at), str(attempts))
        table.add_row(*told, turn.because or "-")
    return table


def _attempts_table(rows: Sequence[CallBackRow]) -> Table:
    table = Table(title="Attempts 回访记录", box=SIMPLE_HEAD)
    for name in ("no.", "by", "began 开始", "outcome", "solved", "satisfied"):
        table.add_column(name, no_wrap=True)
    table.add_column("note")
    solved = {True: "yes", False: "no", None: "-"}
    for row in rows:
        began, stars = _clock(row.started_at), str(row.satisfied or "-")
        told = (str(row.attempt), row.by, began, row.outcome or "goes on")
        table.add_row(*told, solved[row.said_solved], stars, row.message_file or row.note or "-")
    return table


def _clock(at: datetime | None) -> str:
    return at.astimezone(SHANGHAI).strftime("%m-%d %H:%M") if at else "-"
