"""`l110 doctor`."""

import json
import re
import sys
from collections.abc import Iterator
from dataclasses import asdict

import click
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from config.settings import Settings
from scripts.cli import checks
from scripts.cli.check import Check, fail
from scripts.cli.context import Site, pass_site
from scripts.cli.doctor_switch import doctor_switch

COLOURS = {"ok": "green", "warn": "yellow", "fail": "red"}


def _a_number(_: click.Context, __: click.Parameter, value: str | None) -> str | None:
    """It becomes a part of a line on Asterisk's console."""
    if value is not None and not re.fullmatch(r"\+?[0-9]{3,20}", value):
        raise click.BadParameter("3 to 20 digits, perhaps with a plus sign in front")
    return value


@click.command()
@click.option("--json", "as_json", is_flag=True, help="For programs.")
@click.option("--switch", is_flag=True, help="Try a REFER with a test call instead.")
@click.option("--from", "number", callback=_a_number, help="With --switch: who dials 110.")
@click.option(
    "--wait",
    "wait_s",
    type=click.FloatRange(1, 600),
    default=60.0,
    show_default=True,
    help="With --from: seconds until that call must be here.",
)
@pass_site
def doctor(site: Site, as_json: bool, switch: bool, number: str | None, wait_s: float) -> None:
    """Say what is missing or misconfigured, and how to mend it; exit status 1 if anything fails.

    With --switch: try a REFER with a test call on the live node, and say what the switch can do;
    exit status 1 if that cannot be judged.
    """
    if switch:
        doctor_switch(site.settings, number, wait_s, as_json=as_json)
    if number:
        raise click.UsageError("--from goes with --switch")
    found = list(examine(site.settings))
    if as_json:
        click.echo(json.dumps([asdict(check) for check in found], ensure_ascii=False))
    else:
        _draw(found)
    sys.exit(1 if any(check.state == "fail" for check in found) else 0)


def examine(settings: Settings) -> Iterator[Check]:
    """A check that breaks is a finding too: the others must still be made."""
    for look in checks.ALL:
        try:
            yield look(settings)
        except Exception as error:
            yield fail(look.__name__, f"could not be looked at: {error}", "Report this.")


def _draw(found: list[Check]) -> None:
    table = Table()
    for heading in ("what", "", "found", "mend"):
        table.add_column(heading, overflow="fold")
    for check in found:
        colour = COLOURS[check.state]
        mend = "" if check.state == "ok" else check.mend
        table.add_row(check.name, f"[{colour}]{check.state}[/]", escape(check.says), escape(mend))
    Console().print(table)
