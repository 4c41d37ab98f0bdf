"""`l110 contacts`: where each unit is told of its dispatches."""

import json
from typing import TextIO

import click
from rich.console import Console
from rich.table import Table

from db.contacts import ContactUnknown, add_contact, contacts_of, remove_contact
from scripts.cli.acting import note_typed
from scripts.cli.context import Site, pass_site
from scripts.cli.stores import read_store, write_store
from scripts.sending import webhook_secret
from tickets.contacts import ADDED, ContactRefused
from tickets.webhook_signature import unit_key

way_argument = click.argument("way", type=click.Choice([way.value for way in ADDED]))


@click.group()
def contacts() -> None:
    """Where each unit is told of its dispatches, besides its inbox."""


@contacts.command("list")
@click.argument("unit", required=False)
@click.option("--json", "as_json", is_flag=True, help="For programs.")
@pass_site
def contacts_list(site: Site, unit: str | None, as_json: bool) -> None:
    """Of one unit, or of all."""
    with read_store(site) as session:
        rows = [(row.unit, row.way, row.address) for row in contacts_of(session, unit)]
    if as_json:
        names = ("unit", "way", "address")
        told = [dict(zip(names, row, strict=True)) for row in rows]
        click.echo(json.dumps(told, ensure_ascii=False))
        return
    table = Table("unit", "way", "address", title="Contacts 联系方式")
    for row in rows:
        table.add_row(*row)
    Console().print(table)


@contacts.command("add")
@click.argument("unit")
@way_argument
@click.argument("address")
@pass_site
def contacts_add(site: Site, unit: str, way: str, address: str) -> None:
    """Tell UNIT of its dispatches at ADDRESS too; safe to repeat."""
    try:
        with write_store(site) as session:
            add_contact(session, unit, way, address)
            note_typed(site, session, "contact.add", f"{unit} {way} {address}")
    except ContactRefused as fault:
        raise click.ClickException(str(fault)) from None
    click.echo(f"{unit}: {way} {address}")


@contacts.command("remove")
@click.argument("unit")
@way_argument
@click.argument("address")
@pass_site
def contacts_remove(site: Site, unit: str, way: str, address: str) -> None:
    """Tell UNIT no more at ADDRESS; what is due already is still sent."""
    try:
        with write_store(site) as session:
            remove_contact(session, unit, way, address)
            note_typed(site, session, "contact.remove", f"{unit} {way} {address}")
    except ContactUnknown as fault:
        raise click.ClickException(f"{fault}; `l110 contacts list {unit}` shows them.") from None
    click.echo("removed")


@contacts.command("key")
@click.argument("unit")
@click.argument("file", type=click.File("w", lazy=True))
@pass_site
def contacts_key(site: Site, unit: str, file: TextIO) -> None:
    """Write the key with which UNIT checks our webhooks into FILE (`-`: standard output)."""
    file.write(unit_key(webhook_secret(site.settings), unit) + "\n")
