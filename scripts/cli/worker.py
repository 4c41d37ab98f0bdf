"""`l110 worker`: the process, and what it could not send."""

import json
from datetime import UTC, datetime
from typing import Any

import click
from rich.console import Console
from rich.table import Table

from db.due_work import revive
from db.messages import MESSAGES, dead_letters
from db.models import MessageRow
from scripts.cli.acting import note_typed
from scripts.cli.context import Site, pass_site
from scripts.cli.stores import explained, read_store, write_store
from tickets.numbers import SHANGHAI

json_option = click.option("--json", "as_json", is_flag=True, help="For programs.")


@click.group(invoke_without_command=True)
@click.pass_context
def worker(context: click.Context) -> None:
    """Send what is due to the units; without a command: run until stopped.

    Any number of workers may run. `l110 up` and systemd start one.
    """
    if context.invoked_subcommand is None:
        from scripts import worker as process

        process.main(context.ensure_object(Site).settings)


@worker.command("once")
@pass_site
def worker_once(site: Site) -> None:
    """Each job one turn, and say how much was done."""
    from scripts import worker as process

    with explained(site.engine):
        did = process.run_once(site.settings, site.engine)
    click.echo(f"{did} done")


@worker.command("dead")
@click.option("--limit", default=50, show_default=True, help="At most so many rows.")
@json_option
@pass_site
def worker_dead(site: Site, limit: int, as_json: bool) -> None:
    """Messages that were given up, the oldest first, with the reason of the last failure."""
    with read_store(site) as session:
        rows = [_as_dict(row) for row in dead_letters(session, limit)]
    if as_json:
        click.echo(json.dumps(rows, ensure_ascii=False))
        return
    table = Table(title="Dead letters 未送达")
    for name in ("id", "key", "unit", "way", "address", "attempts", "since", "because"):
        table.add_column(name)
    for row in rows:
        table.add_row(*(str(value) for value in row.values()))
    Console().print(table)


@worker.command("retry")
@click.argument("ids", nargs=-1, type=int, metavar="ID...")
@click.option("--all", "every", is_flag=True, help="All of them, at most 10,000 at a time.")
@pass_site
def worker_retry(site: Site, ids: tuple[int, ...], every: bool) -> None:
    """Try dead letters again at once, as if they were new."""
    if bool(ids) == every:
        raise click.UsageError("name the ids that `l110 worker dead` shows, or say --all.")
    with write_store(site) as session:
        wanted = [row.id for row in dead_letters(session, 10_000)] if every else list(ids)
        revived = revive(session, MESSAGES, wanted, datetime.now(UTC))
        told = "all" if every else ", ".join(str(each) for each in wanted)
        note_typed(site, session, "message.retry", told)
    if revived < len(wanted):
        raise click.ClickException(
            f"{revived} of {len(wanted)} are due again; the others are no dead letters:"
            " `l110 worker dead` shows those."
        )
    click.echo(f"{revived} due again")


def _as_dict(row: MessageRow) -> dict[str, Any]:
    return {
        "id": row.id,
        "key": row.key,
        "unit": row.unit,
        "way": row.way,
        "address": row.address,
        "attempts": row.attempts,
        "made_at": row.made_at.astimezone(SHANGHAI).isoformat(timespec="seconds"),
        "because": row.failed_because,
    }
