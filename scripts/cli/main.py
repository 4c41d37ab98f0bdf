"""The root of `l110`: every command is listed here."""

import os
from pathlib import Path

import click

from scripts.cli.chaos import chaos
from scripts.cli.context import Site, config_option, pass_site
from scripts.cli.doctor import doctor
from scripts.cli.force import calls_end
from scripts.cli.journal import journal
from scripts.cli.live import live
from scripts.cli.records import audit, calls, db, tickets
from scripts.cli.rules import rules
from scripts.cli.seats import seats
from scripts.cli.service import down, status, up
from scripts.cli.site import config as config_group


@click.group(context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@config_option
@click.pass_context
def l110(context: click.Context, config: Path | None) -> None:
    """Livelihood 110: police lines are for the police, a key takes everything else to 民生."""
    named = os.environ.get("L110_CONFIG")
    context.obj = Site(config or (Path(named).resolve() if named else None))


@l110.command(hidden=True)
@pass_site
def ivr(site: Site) -> None:
    """Serve verdicts to Asterisk; started by `up` or systemd."""
    from scripts import bridge

    bridge.main(site.settings)


@l110.command(hidden=True)
@pass_site
def forward(site: Site) -> None:
    """Carry the CEL feed and the journal into the store; started by `up` or systemd."""
    from scripts import forward as forwarder

    forwarder.main(site.settings)


@l110.command(hidden=True)
@pass_site
def watch(site: Site) -> None:
    """Watch this node: alarms, self-test call; started by `up` or systemd."""
    from scripts.watch import run

    run.main(site.settings)


calls.add_command(calls_end)
for command in (
    up, down, status, live, doctor, rules, calls, tickets, seats, audit, db, journal, chaos,
):  # fmt: skip
    l110.add_command(command)
l110.add_command(config_group)
