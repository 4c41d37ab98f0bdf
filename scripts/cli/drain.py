"""`l110 drain` and `l110 undrain`: a node is emptied without cutting a call."""

import asyncio
import logging
import time

import click
import structlog

from config.settings import Settings
from ivr.ami import Ami
from ivr.drain import set_draining, trunk_channels
from scripts.cli.actor import with_actor
from scripts.cli.backlog import journal_backlog
from scripts.cli.context import Site, pass_site

LOOK_EVERY_S = 0.5


@click.command()
@click.option(
    "--within",
    "within_s",
    type=click.FloatRange(min=0),
    default=3600.0,
    show_default=True,
    help="Seconds to wait until nobody is in a call; 0: do not wait.",
)
@pass_site
def drain(site: Site, within_s: float) -> None:
    """Take no new calls, serve those that are here to their end, and say when it is empty.

    New calls are told 503: the switch sends them to another node, or rings the police itself.
    Exit status 0: empty. 1: the time is over, calls are still here, and it goes on taking none.

    不再接新来电，现有通话照常服务；全部结束后返回。`l110 undrain` 恢复接听。
    """
    _quiet()
    left = with_actor(site.settings, lambda ami: _drained(ami, site.settings, within_s))
    if left:
        click.echo(f"no new calls; {left} channels are still up. 不再接新来电，仍有通话", err=True)
        raise click.exceptions.Exit(1)
    found = journal_backlog(site.settings)
    behind = f"; {found.waiting} steps of the journal wait for the store" if found else ""
    click.echo(f"empty{behind}. `l110 down` cuts nobody now. 已清空，可以停机")


@click.command()
@pass_site
def undrain(site: Site) -> None:
    """Take new calls again. 恢复接听新来电"""
    _quiet()
    with_actor(site.settings, lambda ami: set_draining(ami, draining=False))
    click.echo("new calls are taken again. 已恢复接听")


async def _drained(ami: Ami, settings: Settings, within_s: float) -> int:
    """Channels that are left."""
    await set_draining(ami, draining=True)
    until, told = time.monotonic() + within_s, -1
    while left := await trunk_channels(ami, settings.trunk.name):
        if left != told:
            click.echo(f"{left} channels of callers are up 通话中", err=True)
            told = left
        if time.monotonic() >= until:
            break
        await asyncio.sleep(LOOK_EVERY_S)
    return left


def _quiet() -> None:
    quiet = structlog.make_filtering_bound_logger(logging.CRITICAL)
    structlog.configure(wrapper_class=quiet)  # the command itself says what is wrong
