"""`l110 tickets list`: page by page, by what is asked for."""

import json
from datetime import datetime
from typing import Any

import click

from db.ticket_lists import Wanted, list_tickets, mark_of
from db.tickets import find_ticket
from scripts.cli import record_views as views
from scripts.cli.context import Site, pass_site
from scripts.cli.stores import read_store
from tickets.model import State
from tickets.numbers import SHANGHAI

DAYS = click.DateTime(["%Y-%m-%d", "%Y-%m-%dT%H:%M", "%Y-%m-%dT%H:%M:%S"])


@click.command("list")
@click.option(
    "--limit", default=50, show_default=True, type=click.IntRange(1), help="At most so many rows."
)
@click.option("--json", "as_json", is_flag=True, help="For programs; numbers masked.")
@click.option("--state", type=click.Choice([each.value for each in State]))
@click.option("--unit", help="The unit that works on it.")
@click.option("--responsible", help="Who answers for it, by sign-in name.")
@click.option("--matter", help="Code of the matter.")
@click.option("--caller", help="The whole number that called.")
@click.option("--from", "opened_from", type=DAYS, help="Opened then or later, Asia/Shanghai.")
@click.option("--before", "opened_before", type=DAYS, help="Opened earlier than that.")
@click.option("--text", help="Stands so in title, request, result or place.")
@click.option("--after", metavar="NUMBER", help="Goes on after this ticket: the last one shown.")
@pass_site
def tickets_list(
    site: Site,
    /,
    *,
    limit: int,
    as_json: bool,
    after: str | None,
    opened_from: datetime | None,
    opened_before: datetime | None,
    **wanted: Any,  # noqa: ANN401  the options that are named like their fields
) -> None:
    """Newest first."""
    asked = Wanted(opened_from=_aware(opened_from), opened_before=_aware(opened_before), **wanted)
    with read_store(site) as session:
        last = find_ticket(session, after) if after else None
        if after and last is None:
            raise click.ClickException(f"no ticket {after} to go on after; leave --after out.")
        rows = list_tickets(session, asked, limit=limit, after=mark_of(last) if last else None)
        if as_json:
            told = [views.ticket_as_dict(row) for row in rows]
            click.echo(json.dumps(told, ensure_ascii=False))
            return
        views.show(views.tickets_table(rows))
        if len(rows) == limit:
            click.echo(f"More, perhaps: --after {rows[-1].number or rows[-1].provisional_number}")


def _aware(at: datetime | None) -> datetime | None:
    return at.replace(tzinfo=SHANGHAI) if at else None
