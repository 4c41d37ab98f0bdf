"""`l110 seats`: a seat that was paused because nobody answered there."""

import logging

import click
import structlog

from ivr.ami_seats import unpause
from scripts.cli.actor import with_actor
from scripts.cli.context import Site, pass_site


@click.group()
def seats() -> None:
    """Seats of the queues; `l110 live` shows how they are."""


@seats.command("unpause")
@click.argument("number")
@pass_site
def seats_unpause(site: Site, number: str) -> None:
    """Have the seat NUMBER (8001, or seat-8001) rung again, in all its queues.

    Nothing changes for a seat that is not paused. 取消坐席暂停
    """
    quiet = structlog.make_filtering_bound_logger(logging.CRITICAL)
    structlog.configure(wrapper_class=quiet)  # the command itself says what is wrong
    settings, number = site.settings, number.removeprefix("seat-")
    known = (*settings.police.seats, *settings.livelihood.seats)
    if number not in {seat.number for seat in known}:
        raise click.BadParameter(f"no seat {number} in the settings.")
    with_actor(settings, lambda ami: unpause(ami, f"PJSIP/seat-{number}"))
    click.echo(f"seat-{number} is rung again. 已取消暂停")
