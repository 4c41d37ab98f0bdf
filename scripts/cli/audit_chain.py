"""`l110 audit verify` and `l110 audit log`: the chain of what was done and refused."""

import json
from datetime import datetime
from pathlib import Path
from typing import Any

import click
from rich.box import SIMPLE_HEAD
from sqlalchemy.exc import DBAPIError

from db.audit_heads import HeadFile
from db.audit_log import Verified, entries, verify
from db.engine import reading, store_name
from db.models import AuditRow
from scripts.cli.context import Site, pass_site
from scripts.cli.record_views import add_row, new_table, show
from scripts.desk_context import heads_of
from scripts.store import first_line
from tickets.numbers import SHANGHAI

json_option = click.option("--json", "as_json", is_flag=True, help="For programs.")
SEEN = (
    "Seen: a row that was altered, put in or taken out, and, as far as heads were noted, last rows"
    " that were deleted and a chain that was written anew. Not seen: last rows deleted by one who"
    " could delete their heads too; keep a copy of that file on another machine (--heads)."
)


@click.command("verify")
@click.option(
    "--heads",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="The noted heads to compare with, as a copy kept elsewhere; else <var_dir>/audit-heads.",
)
@json_option
@pass_site
def audit_verify(site: Site, heads: Path | None, as_json: bool) -> None:
    """Whether the audit chain is as it was written; names the first row that is not.

    Exit status 1 if it is not.
    """
    noted = HeadFile(heads) if heads else heads_of(site.settings)
    try:
        with reading(site.engine) as session:
            known = noted.read()
            found = verify(session, known)
    except DBAPIError as fault:
        raise _away(site, fault) from None
    except OSError as fault:
        raise click.ClickException(f"{noted.path}: {fault.strerror}") from None
    told = _as_dict(found, noted.path, len(known))
    click.echo(json.dumps(told, ensure_ascii=False) if as_json else _said(found, told))
    if not found.holds:
        raise click.exceptions.Exit(1)


@click.command("log")
@click.option("--limit", default=50, show_default=True, help="At most so many rows.")
@json_option
@pass_site
def audit_log(site: Site, limit: int, as_json: bool) -> None:
    """What was done and refused, newest first."""
    try:
        with reading(site.engine) as session:
            rows = [_row_as_dict(row) for row in entries(session, limit)]
    except DBAPIError as fault:
        raise _away(site, fault) from None
    if as_json:
        click.echo(json.dumps(rows, ensure_ascii=False))
        return
    columns = "seq", "at", "by", "action", "subject", "outcome", "detail", "address"
    table = new_table("Audit 审计", *columns)
    table.box, table.padding = SIMPLE_HEAD, (0, 0, 0, 1)
    for column in table.columns[3:5]:
        column.no_wrap = True
    for row in rows:
        at = row["at"][5:19].replace("T", " ")
        shown = {**row, "at": at, "detail": json.dumps(row["detail"], ensure_ascii=False)}
        add_row(table, *(shown[name] for name in columns))
    show(table)


def _as_dict(found: Verified, heads: Path, noted: int) -> dict[str, Any]:
    return {
        "holds": found.holds,
        "rows": found.rows,
        "head": f"{found.head.seq} {found.head.hash}" if found.head else None,
        "bad_row": found.bad[0] if found.bad else None,
        "problem": found.bad[1] if found.bad else found.lost,
        "heads_file": str(heads),
        "heads": noted,
    }


def _said(found: Verified, told: dict[str, Any]) -> str:
    if found.bad:
        result = (
            f"NOT as it was written: row {told['bad_row']}: {told['problem']}. 审计链已被改动。"
        )
    elif found.lost:
        result = f"NOT as it was written: {told['problem']}. 审计链已被截断或重写。"
    else:
        result = f"{found.rows} rows, each as it was written. 审计链完整。\nhead: {told['head']}"
    return f"{result}\n{told['heads']} heads were compared ({told['heads_file']}).\n{SEEN}"


def _row_as_dict(row: AuditRow) -> dict[str, Any]:
    return {
        "seq": row.seq,
        "at": _shanghai(row.at),
        "by": row.by,
        "action": row.action,
        "subject": row.subject,
        "outcome": row.outcome,
        "detail": json.loads(row.detail),
        "address": row.address,
    }


def _shanghai(at: datetime) -> str:
    return at.astimezone(SHANGHAI).isoformat(timespec="seconds")


def _away(site: Site, fault: DBAPIError) -> click.ClickException:
    return click.ClickException(
        f"{store_name(site.engine)}: {first_line(fault)}. `l110 db upgrade` makes its tables;"
        " `l110 doctor` says what else is wrong."
    )
