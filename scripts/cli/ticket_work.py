"""`l110 tickets move`, `moves` and `history`: what the API does, typed, for the same people."""

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import click
from sqlalchemy.exc import DBAPIError

from db.audit_log import Entry
from db.engine import reading, store_name
from db.ticket_moves import TicketUnknown, history
from db.users import UserUnknown
from desk.context import Desk
from desk.views import history_view, move_view
from desk.work import NotYours, Stale, Who, Wish, move_ticket, ticket_for
from scripts.cli.acting import as_option, person
from scripts.cli.context import Site, pass_site
from scripts.cli.record_views import add_row, fields_table, new_table, show
from scripts.desk_context import desk_of
from scripts.store import first_line
from tickets.fields import BOOLEANS
from tickets.lifecycle import moves_open_to
from tickets.refused import MoveRefused

json_option = click.option("--json", "as_json", is_flag=True, help="For programs; numbers masked.")


@click.command("move")
@click.argument("number")
@click.argument("move")
@as_option
@click.option("--version", required=True, type=int, help="The one that you saw.")
@click.option("--because", default="", help="A reason in words, where the move asks for one.")
@click.option("--set", "pairs", multiple=True, metavar="FIELD=VALUE", help="Once or more.")
@json_option
@pass_site
def tickets_move(
    site: Site,
    number: str,
    move: str,
    user: str,
    version: int,
    because: str,
    pairs: tuple[str, ...],
    as_json: bool,
) -> None:
    """Make MOVE with ticket NUMBER; `l110 tickets moves` says which are open.

    Times as 2026-11-24T17:30:00+08:00, yes and no as true and false.
    """
    given = dict(_pair(pair) for pair in pairs)
    with _refusals(site, as_json=as_json):
        desk = desk_of(site.settings, site.engine)
        with reading(site.engine) as session:
            who = person(session, user)
        with _audited(desk, who, f"ticket.{move}", number):
            view = move_ticket(desk, who, number, Wish(move, version, given, because))
    told = view.model_dump(mode="json")
    if as_json:
        click.echo(json.dumps(told, ensure_ascii=False))
    else:
        show(fields_table(view.number, {k: v for k, v in told.items() if v is not None}))


@click.command("moves")
@click.argument("number")
@as_option
@json_option
@pass_site
def tickets_moves(site: Site, number: str, user: str, as_json: bool) -> None:
    """What is open to a person with ticket NUMBER now, and what each move needs."""
    with _refusals(site), reading(site.engine) as session:
        who = person(session, user)
        ticket = ticket_for(session, who, number)
        version = ticket.version
        rows = [move_view(move).model_dump() for move in moves_open_to(ticket, who.actor)]
    if as_json:
        click.echo(json.dumps({"version": version, "moves": rows}, ensure_ascii=False))
        return
    table = new_table(f"{number}, version {version}", "move", "", "leads to", "needs", "reason")
    for row in rows:
        reason = "yes" if row["because"] else ""
        add_row(table, row["move"], row["chinese"], row["to"], ", ".join(row["needs"]), reason)
    show(table)


@click.command("history")
@click.argument("number")
@as_option
@json_option
@pass_site
def tickets_history(site: Site, number: str, user: str, as_json: bool) -> None:
    """What happened to ticket NUMBER, oldest first, as the store itself wrote it."""
    with _refusals(site), reading(site.engine) as session:
        ticket = ticket_for(session, person(session, user), number)
        told = history_view(history(session, ticket.id))
    events = [event.model_dump(mode="json") for event in told]
    if as_json:
        click.echo(json.dumps(events, ensure_ascii=False))
        return
    table = new_table(number, "version", "at", "by", "move", "state", "because")
    for event in events:
        at = (event["at"] or "")[:19].replace("T", " ")
        row = event["version"], at, event["by"], event["move"], event["to_state"], event["because"]
        add_row(table, *row)
    show(table)


def _pair(pair: str) -> tuple[str, object]:
    name, equals, text = pair.partition("=")
    if not equals:
        raise click.ClickException(f"--set {pair}: write it as FIELD=VALUE.")
    return name, _value(name, text)


def _value(name: str, text: str) -> object:
    if name in BOOLEANS:
        return {"true": True, "false": False}.get(text, text)
    if name == "satisfied" and text.isdecimal():
        return int(text)
    return text


@contextmanager
def _audited(desk: Desk, who: Who, action: str, number: str) -> Iterator[None]:
    """What is refused; what is done audits itself."""
    try:
        yield
    except (MoveRefused, NotYours, TicketUnknown) as fault:
        kind = fault.kind.value if isinstance(fault, MoveRefused) else type(fault).__name__
        at = desk.now()
        desk.audit_alone(
            Entry(who.actor.name, action, number, at, "refused", {"kind": kind}, who.address)
        )
        raise


@contextmanager
def _refusals(site: Site, *, as_json: bool = False) -> Iterator[None]:
    told: dict[type[Exception], Callable[[Any], str]] = {
        Stale: lambda fault: _both(fault, as_json=as_json),
        MoveRefused: lambda fault: f"{fault}.",
        NotYours: lambda fault: f"{fault}.",
        TicketUnknown: lambda fault: f"{fault}; `l110 tickets list` shows the newest.",
        UserUnknown: lambda fault: f"no user {fault}; `l110 users list` shows all.",
        DBAPIError: lambda fault: (
            f"{store_name(site.engine)}: {first_line(fault)}. `l110 db upgrade` makes its tables."
        ),
    }
    try:
        yield
    except tuple(told) as fault:
        says = next(say for kind, say in told.items() if isinstance(fault, kind))
        raise click.ClickException(says(fault)) from None


def _both(stale: Stale, *, as_json: bool) -> str:
    """Both texts: what was wished for, and how it stands."""
    now = stale.now.model_dump(mode="json")
    given = stale.yours["given"]
    if as_json:
        return json.dumps({"yours": stale.yours, "now": now}, ensure_ascii=False)
    lines = [f"{name}: yours {value!r}, now {now.get(name)!r}" for name, value in given.items()]
    return "\n".join([f"{stale}.", *lines])
