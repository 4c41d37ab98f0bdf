"""`l110 tickets errand`: steps and documents of what is run for the citizen."""

import json
from datetime import UTC, datetime

import click

from db.errands import add_items, items_of, tick
from db.models import ErrandItemRow
from scripts.cli import record_views as views
from scripts.cli.acting import acting, as_option
from scripts.cli.context import Site, pass_site
from scripts.cli.stores import read_store, the_ticket
from tickets.errands import Kind
from tickets.numbers import SHANGHAI


@click.group("errand")
def tickets_errand() -> None:
    """Errands 跑腿代办: a ticket with open steps, or with a paper of the citizen, is not solved."""


@tickets_errand.command("show")
@click.argument("number")
@click.option("--json", "as_json", is_flag=True, help="For programs.")
@pass_site
def errand_show(site: Site, number: str, as_json: bool) -> None:
    """What is to be done and carried for ticket NUMBER."""
    with read_store(site) as session:
        rows = [_as_dict(row) for row in items_of(session, the_ticket(session, number).id)]
    if as_json:
        click.echo(json.dumps(rows, ensure_ascii=False))
        return
    table = views.new_table("Errand 跑腿代办", "no.", "kind", "what", "state", "by", "at", "note")
    for row in rows:
        views.add_row(table, *row.values())
    views.show(table)


@tickets_errand.command("add")
@click.argument("number")
@as_option
@click.option("--step", "steps", multiple=True, help="Something to do; once or more.")
@click.option("--document", "documents", multiple=True, help="A paper of the citizen.")
@pass_site
def errand_add(
    site: Site, number: str, user: str, steps: tuple[str, ...], documents: tuple[str, ...]
) -> None:
    """Write steps and documents down for ticket NUMBER."""
    if not steps and not documents:
        raise click.UsageError("name a --step or a --document.")
    with acting(site, user, "ticket.errand", number) as (session, actor):
        ticket, now = the_ticket(session, number), datetime.now(UTC)
        made = add_items(session, ticket, Kind.STEP, steps, actor, now)
        made += add_items(session, ticket, Kind.DOCUMENT, documents, actor, now)
        told = ", ".join(f"{row.position} {row.what}" for row in made)
    click.echo(f"{number}: {told}")


@tickets_errand.command("tick")
@click.argument("number")
@click.argument("position", type=int)
@as_option
@click.option("--note", default="", help="What there is to say.")
@pass_site
def errand_tick(site: Site, number: str, position: int, user: str, note: str) -> None:
    """The item POSITION goes on: a step is done; a document is received, then returned."""
    with acting(site, user, "ticket.errand", number) as (session, actor):
        ticket = the_ticket(session, number)
        item = tick(session, ticket, position, actor, datetime.now(UTC), note)
        told = f"{item.what}: {item.state}"
    click.echo(told)


def _as_dict(row: ErrandItemRow) -> dict[str, object]:
    return {
        "position": row.position,
        "kind": row.kind,
        "what": row.what,
        "state": row.state,
        "by": row.changed_by,
        "at": row.changed_at.astimezone(SHANGHAI).isoformat(timespec="seconds"),
        "note": row.note,
    }
