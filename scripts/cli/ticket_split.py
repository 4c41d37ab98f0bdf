"""`l110 tickets split`: one request that is several."""

from datetime import UTC, datetime

import click

from db.splits import split
from db.ticket_moves import Order
from scripts.cli.acting import acting, as_option
from scripts.cli.context import Site, pass_site
from scripts.cli.force import reason_of
from scripts.cli.stores import the_ticket


@click.command("split")
@click.argument("number")
@as_option
@click.option("--because", required=True, callback=reason_of, help="Why; stays in the history.")
@click.option(
    "--part", "parts", multiple=True, required=True, help="The request of one part; twice or more."
)
@pass_site
def tickets_split(
    site: Site, *, number: str, user: str, because: str, parts: tuple[str, ...]
) -> None:
    """Split ticket NUMBER into parts that go to different units 拆分.

    The citizen is called back once, for the whole, when its parts have ended and `gather` says
    what came of them.
    """
    with acting(site, user, "ticket.split", number) as (session, actor):
        ticket = the_ticket(session, number)
        order = Order("split", actor, datetime.now(UTC), ticket.version, because=because)
        _, made = split(session, ticket.id, order, [{"request": part} for part in parts])
        numbers = [str(part.number) for part in made]
    click.echo(f"{number} is split into {', '.join(numbers)}")
