"""The root of `l110`: every command is listed here."""

import os
from pathlib import Path

import click

from scripts.cli.context import Site, config_option, pass_site
from scripts.cli.lazily import Lazily

COMMANDS = {
    "audit": "scripts.cli.records:audit",
    "calls": "scripts.cli.records:calls",
    "capacity": "scripts.cli.capacity:capacity",
    "chaos": "scripts.cli.chaos:chaos",
    "config": "scripts.cli.site:config",
    "db": "scripts.cli.records:db",
    "doctor": "scripts.cli.doctor:doctor",
    "down": "scripts.cli.service:down",
    "drain": "scripts.cli.drain:drain",
    "journal": "scripts.cli.journal:journal",
    "live": "scripts.cli.live:live",
    "rules": "scripts.cli.rules:rules",
    "seats": "scripts.cli.seats:seats",
    "seed": "scripts.cli.seed:seed",
    "status": "scripts.cli.service:status",
    "suggest": "scripts.cli.suggest:suggest",
    "tickets": "scripts.cli.records:tickets",
    "trace": "scripts.cli.trace:trace",
    "undrain": "scripts.cli.drain:undrain",
    "up": "scripts.cli.service:up",
}


class L110(Lazily):
    where = COMMANDS


@click.group(
    cls=L110, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100}
)
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


@l110.command(hidden=True)
@pass_site
def asterisk(site: Site) -> None:
    """Become this node's Asterisk, with its configuration written anew; started by systemd."""
    from scripts import asterisk_program

    asterisk_program.become(site.settings)


@l110.command(hidden=True)
@click.option("--systemd", is_flag=True, help="systemd hears the life signs; ask only Asterisk.")
@pass_site
def keep(site: Site, systemd: bool) -> None:
    """End what is frozen, so that it is started anew; started by `up` or systemd."""
    from scripts.keeper import run

    run.main(site.settings, systemd=systemd)
