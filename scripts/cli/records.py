"""`l110 calls`, `tickets`, `audit`, `db`: what is on record, and whether all of it is."""

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import click

from db.calls import find_call, legs_of_call, newest_calls
from db.engine import store_name
from db.steps import steps_about
from db.upgrade import StoreTooNew, UpgradeBlocked, upgrade
from reports.abandoned import abandoned_calls
from reports.audit import audit_calls
from reports.switch_list import SwitchLeg, SwitchListBad, read_switch_list
from reports.witnesses import cdr_lines, cel_starts
from routing.story import Outcome
from scripts.cli import record_views as views
from scripts.cli.audit_chain import audit_log, audit_verify
from scripts.cli.backup import db_backup, db_restore
from scripts.cli.context import Site, pass_site
from scripts.cli.force import calls_end
from scripts.cli.importing import tickets_import
from scripts.cli.stores import read_store, the_ticket
from scripts.cli.ticket_audit import audit_tickets_command
from scripts.cli.ticket_deadline import tickets_deadline
from scripts.cli.ticket_errand import tickets_errand
from scripts.cli.ticket_joins import tickets_duplicates, tickets_join, tickets_unjoin
from scripts.cli.ticket_lists import tickets_list
from scripts.cli.ticket_split import tickets_split
from scripts.cli.ticket_work import tickets_history, tickets_move, tickets_moves

limit_option = click.option("--limit", default=50, show_default=True, help="At most so many rows.")
json_option = click.option("--json", "as_json", is_flag=True, help="For programs; numbers masked.")


def _print_json(value: object) -> None:
    click.echo(json.dumps(value, ensure_ascii=False))


@click.group()
def calls() -> None:
    """Calls on record."""


calls.add_command(calls_end)


@calls.command("list")
@limit_option
@json_option
@click.option("--outcome", type=click.Choice([each.value for each in Outcome]))
@pass_site
def calls_list(site: Site, limit: int, as_json: bool, outcome: str | None) -> None:
    """Newest first."""
    with read_store(site) as session:
        rows = newest_calls(session, limit, outcome=outcome)
        if as_json:
            _print_json([views.call_as_dict(row) for row in rows])
        else:
            views.show(views.calls_table("Calls 来电", rows))


@calls.command("show")
@click.argument("call_id")
@json_option
@pass_site
def calls_show(site: Site, call_id: str, as_json: bool) -> None:
    """One call, by its id or the end of it: its row, its trunk legs, its steps with their ms."""
    with read_store(site) as session:
        call = find_call(session, call_id)
        if call is None:
            raise click.ClickException(f"no call {call_id}; `l110 calls list` shows the newest.")
        call_id = call.call_id
        legs = legs_of_call(session, call_id)
        keys = [(leg.node, leg.uniqueid) for leg in legs]
        steps = sorted(steps_about(session, keys, [call_id]), key=lambda step: step.order)
        if as_json:
            _print_json(views.story_as_dict(call, legs, steps))
        else:
            views.show(*views.story(call, legs, steps))


@calls.command("abandoned")
@limit_option
@json_option
@pass_site
def calls_abandoned(site: Site, limit: int, as_json: bool) -> None:
    """To call back: police callers who left before a seat answered, newest first."""
    with read_store(site) as session:
        rows = abandoned_calls(session, limit)
        if as_json:
            _print_json([views.call_as_dict(row) for row in rows])
        else:
            views.show(views.calls_table("To call back 待回拨", rows))


@click.group()
def tickets() -> None:
    """Tickets on record."""


tickets.add_command(tickets_history)
tickets.add_command(tickets_split)
tickets.add_command(tickets_errand)
tickets.add_command(tickets_move)
tickets.add_command(tickets_moves)
tickets.add_command(tickets_import)
tickets.add_command(tickets_deadline)

tickets.add_command(tickets_list)
tickets.add_command(tickets_duplicates)
tickets.add_command(tickets_join)
tickets.add_command(tickets_unjoin)


@tickets.command("show")
@click.argument("number")
@json_option
@pass_site
def tickets_show(site: Site, number: str, as_json: bool) -> None:
    """One ticket, by its number or its provisional one."""
    with read_store(site) as session:
        ticket = the_ticket(session, number)
        if as_json:
            _print_json(views.ticket_as_dict(ticket))
        else:
            views.show(views.fields_table(number, views.ticket_as_dict(ticket)))


@click.group()
def audit() -> None:
    """Proof that nothing is missing, doubled or unexplained."""


audit.add_command(audit_log)
audit.add_command(audit_verify)
audit.add_command(audit_tickets_command)


@audit.command("calls")
@click.option("--switch-cdr", type=click.Path(path_type=Path), help="The switch's list (CSV).")
@click.option("--live-for", default=0.0, help="Seconds; younger legs without an end are live.")
@click.option("--verbose", is_flag=True, help="Every row that does not add up, and why.")
@json_option
@pass_site
def audit_calls_command(
    site: Site, switch_cdr: Path | None, live_for: float, verbose: bool, as_json: bool
) -> None:
    """Our legs against the switch's own list, by SIP Call-ID; exit status 1 unless all is zero."""
    switch = _switch_list(switch_cdr or site.settings.switch_list_path)
    prefix = f"PJSIP/{site.settings.trunk.name}-"
    since = datetime.now(UTC) - timedelta(seconds=live_for) if live_for else None
    with read_store(site) as session:
        report = audit_calls(
            session,
            switch,
            cel_starts=cel_starts(site.settings.cel_path, prefix),
            cdr_lines=cdr_lines(site.settings.cdr_path, prefix),
            live_since=since,
        )
    if as_json:
        _print_json(report.as_dict(verbose=verbose))
    else:
        views.show(*views.audit_tables(report, verbose=verbose))
    if not report.clean:
        raise click.exceptions.Exit(1)


def _switch_list(path: Path | None) -> list[SwitchLeg]:
    if path is None:
        raise click.ClickException(
            "no list of the switch to compare with: name it with --switch-cdr FILE,"
            " or for good as audit.switch_list_path in the settings."
        )
    try:
        return read_switch_list(path)
    except SwitchListBad as fault:
        raise click.ClickException(str(fault)) from None


@click.group()
def db() -> None:
    """The store."""


db.add_command(db_backup)
db.add_command(db_restore)


@db.command("upgrade")
@pass_site
def db_upgrade(site: Site) -> None:
    """Bring its tables to this release; safe to run again."""
    try:
        revision = upgrade(site.engine)
    except (UpgradeBlocked, StoreTooNew) as fault:
        raise click.ClickException(str(fault)) from None
    click.echo(f"{store_name(site.engine)}: at revision {revision}")
