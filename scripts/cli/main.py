"""The root of `l110`: every command is listed here."""

import os
from pathlib import Path

import click

from scripts.cli.context import Site, config_option, pass_site
from scripts.cli.lazily import Lazily

COMMANDS = {
    "audit": "scripts.cli.records:audit",
    "calendar": "scripts.cli.calendar:calendar",
    "call-backs": "scripts.cli.call_backs:call_backs",
    "calls": "scripts.cli.records:calls",
    "capacity": "scripts.cli.capacity:capacity",
    "catalogue": "scripts.cli.catalogue:catalogue",
    "chaos": "scripts.cli.chaos:chaos",
    "city": "scripts.cli.catalogue:city",
    "config": "scripts.cli.site:config",
    "contacts": "scripts.cli.contacts:contacts",
    "db": "scripts.cli.records:db",
    "deadlines": "scripts.cli.deadlines:deadlines",
    "doctor": "scripts.cli.doctor:doctor",
    "down": "scripts.cli.service:down",
    "drain": "scripts.cli.drain:drain",
    "journal": "scripts.cli.journal:journal",
    "knowledge": "scripts.cli.knowledge:knowledge",
    "live": "scripts.cli.live:live",
    "rules": "scripts.cli.rules:rules",
    "seats": "scripts.cli.seats:seats",
    "seed": "scripts.cli.seed:seed",
    "services": "scripts.cli.catalogue:services",
    "status": "scripts.cli.service:status",
    "suggest": "scripts.cli.suggest:suggest",
    "supervision": "scripts.cli.notices:supervision",
    "tickets": "scripts.cli.records:tickets",
    "trace": "scripts.cli.trace:trace",
    "undrain": "scripts.cli.drain:undrain",
    "up": "scripts.cli.service:up",
    "users": "scripts.cli.users:users",
    "worker": "scripts.cli.worker:worker",
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
@pass_site
def desk(site: Site) -> None:
    """Serve the desk to browsers; started by `up` or systemd."""
    from scripts import desk as web

    web.main(site.settings)


@l110.command(hidden=True)
@click.option("--systemd", is_flag=True, help="systemd hears the life signs; ask only Asterisk.")
@pass_site
def keep(site: Site, systemd: bool) -> None:
    """End what is frozen, so that it is started anew; started by `up` or systemd."""
    from scripts.keeper import run

    run.main(site.settings, systemd=systemd)
