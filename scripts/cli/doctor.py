"""`l110 doctor`."""

import json
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

COLOURS = {"ok": "green", "warn": "yellow", "fail": "red"}


@click.command()
@click.option("--json", "as_json", is_flag=True, help="For programs.")
@pass_site
def doctor(site: Site, as_json: bool) -> None:
    """Say what is missing or misconfigured, and how to mend it; exit status 1 if anything fails."""
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
