"""`l110 trace`: one call through every process, in order, with milliseconds."""

import json
from pathlib import Path

import click
from rich.table import Table
from rich.text import Text

from scripts.cli import record_views as views
from scripts.cli.context import Site, pass_site
from scripts.tracing.entries import ms_since
from scripts.tracing.trace import CallAmbiguous, CallUnknown, Trace
from scripts.tracing.trace import trace as trace_call
from tickets.numbers import SHANGHAI

COLUMNS = ("ms 毫秒", "process 进程", "what 事件", "from 来源", "facts 内容")


@click.command()
@click.argument("call")
@click.option("--json", "as_json", is_flag=True, help="For programs; numbers masked.")
@click.option(
    "--log",
    "logs",
    multiple=True,
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="A further file of our log lines; may be given again.",
)
@pass_site
def trace(site: Site, call: str, as_json: bool, logs: tuple[Path, ...]) -> None:
    """One CALL over all processes: store, journal, CEL file and logs, each step with its ms.

    CALL is a call's id or the end of it, a ticket's number, or its provisional one.
    """
    try:
        found = trace_call(site.settings, site.engine, call, logs)
    except CallUnknown:
        raise click.ClickException(
            f"no call and no ticket {call}, neither stored nor waiting;"
            " `l110 calls list` shows the newest. 没有这个来电或工单。"
        ) from None
    except CallAmbiguous:
        raise click.ClickException(f"several calls end with {call}: give more of the id.") from None
    if as_json:
        click.echo(json.dumps(found.as_dict(), ensure_ascii=False))
        return
    views.show(_table(found), *(Text(note) for note in found.notes))


def _table(found: Trace) -> Table:
    first = found.entries[0].at
    began = first.astimezone(SHANGHAI).isoformat(sep=" ", timespec="milliseconds")
    table = views.new_table(f"Trace 全程 {found.call_id}", *COLUMNS)
    table.caption = f"ms since {began}; numbers masked 号码已遮盖"
    for entry in found.entries:
        facts = " ".join(f"{k}={v}" for k, v in entry.facts.items() if v not in ("", None))
        ms = f"{ms_since(first, entry.at):.1f}"
        views.add_row(table, ms, entry.process, entry.what, entry.source.value, facts)
    return table
