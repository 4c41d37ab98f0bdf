"""`l110 tickets duplicates|join|unjoin`: two tickets about one matter."""

import json
from datetime import UTC, datetime

import click

from db.joins import join, joined_tickets, offers, unjoin
from db.models import TicketRow
from db.ticket_moves import Order
from scripts.cli import record_views as views
from scripts.cli.acting import acting, as_option
from scripts.cli.context import Site, pass_site
from scripts.cli.force import reason_of
from scripts.cli.stores import read_store, the_ticket
from tickets.roles import Actor

because_option = click.option(
    "--because", required=True, callback=reason_of, help="Why; stays in the history."
)


@click.command("duplicates")
@click.argument("number")
@click.option("--json", "as_json", is_flag=True, help="For programs; numbers masked.")
@pass_site
def tickets_duplicates(site: Site, *, number: str, as_json: bool) -> None:
    """What this ticket may be the same matter as, likeliest first, and why 疑似重复.

    It offers; a person decides: `l110 tickets join`.
    """
    with read_store(site) as session:
        ticket = the_ticket(session, number)
        found = offers(session, ticket)
        hanging = joined_tickets(session, ticket.id)
        if as_json:
            told = {
                "offers": [
                    {
                        "score": one.likeness.score,
                        "why": str(one.likeness),
                        "ticket": views.ticket_as_dict(one.ticket),
                    }
                    for one in found
                ],
                "joined": [_name(each) for each in hanging],
            }
            click.echo(json.dumps(told, ensure_ascii=False))
            return
        table = views.new_table("Duplicates 疑似重复", "number", "state", "place", "request", "why")
        for one in found:
            row = one.ticket
            views.add_row(table, _name(row), row.state, row.place, row.request, one.likeness)
        views.show(table)
        if hanging:
            click.echo(f"Joined to it: {', '.join(map(_name, hanging))}")


@click.command("join")
@click.argument("number")
@click.argument("head")
@as_option
@because_option
@pass_site
def tickets_join(site: Site, *, number: str, head: str, user: str, because: str) -> None:
    """Join ticket NUMBER to HEAD: worked on once, and both callers are called back 并入."""
    with acting(site, user, "ticket.join", number) as (session, actor):
        ticket, other = the_ticket(session, number), the_ticket(session, head)
        join(session, ticket.id, other.id, _order("join", ticket, actor, because))
    click.echo(f"{number} is joined to {head}; `l110 tickets unjoin {number}` undoes it")


@click.command("unjoin")
@click.argument("number")
@as_option
@because_option
@pass_site
def tickets_unjoin(site: Site, *, number: str, user: str, because: str) -> None:
    """Part ticket NUMBER from the one that it was joined to: it stands as before 撤销并入."""
    with acting(site, user, "ticket.unjoin", number) as (session, actor):
        ticket = the_ticket(session, number)
        state = unjoin(session, ticket.id, _order("unjoin", ticket, actor, because)).state
    click.echo(f"{number} is {state} again")


def _order(move: str, ticket: TicketRow, actor: Actor, because: str) -> Order:
    return Order(move, actor, datetime.now(UTC), ticket.version, because=because)


def _name(ticket: TicketRow) -> str:
    return ticket.number or ticket.provisional_number
