"""`l110 rules`."""

import sys
from pathlib import Path

import click

from routing.rules import RuleSetRejected, parse_rules


@click.group()
def rules() -> None:
    """Routing rules."""


@rules.command()
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
def check(file: Path) -> None:
    """Say whether FILE may go live; every fault is named with its line."""
    try:
        found = parse_rules(file.read_bytes(), str(file))
    except RuleSetRejected as rejected:
        for problem in rejected.problems:
            click.echo(str(problem), err=True)
        sys.exit(1)
    click.echo(f"{file}: may go live; version {found.version}, {len(found.rules)} rules")
