"""`l110 tickets import`: tickets of another hotline, with a report of every row."""

from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path

import click

from db.imports import Origin
from scripts.cli.as_json import json_option, print_json
from scripts.cli.context import Site, pass_site
from scripts.cli.record_views import add_row, new_table, show
from scripts.cli.stores import explained
from scripts.foreign_tables import TableUnreadable, read_table, write_report
from scripts.importing import ACCEPTED, DUPLICATE, REFUSED, Report, import_rows
from tickets.imported import HOTLINE, TableRefused, columns_of

SHOWN = 20


@click.command("import")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--hotline", required=True, help="Whose tickets these are, as 12345.")
@click.option("--by", required=True, help="Who brings them in; it stays in each history.")
@click.option("--dry-run", is_flag=True, help="Say what would become of each row; write nothing.")
@click.option(
    "--report", type=click.Path(dir_okay=False, path_type=Path), help="Every row to this CSV."
)
@json_option
@pass_site
def tickets_import(
    site: Site, file: Path, hotline: str, by: str, dry_run: bool, report: Path | None, as_json: bool
) -> None:
    """Take the tickets of FILE (xlsx, or CSV in UTF-8 or GB18030); safe to run again.

    A row is taken whole or refused with its column and the reason. A number that this hotline has
    sent before is told and not taken twice. Exit status 1 if a row was refused.
    """
    if not HOTLINE.fullmatch(hotline):
        raise click.ClickException(f"--hotline {hotline}: letters, digits, - and _, as 12345")
    try:
        header, *rows = read_table(file)
        columns = columns_of(header[1])
    except (TableUnreadable, TableRefused) as fault:
        raise click.ClickException(str(fault)) from None
    origin = Origin(hotline, file.name, by, datetime.now(UTC))
    with explained(site.engine):
        done = import_rows(site.engine, rows, columns, origin, dry_run=dry_run)
    if report:
        write_report(report, [told.cells() for told in done.rows])
    if as_json:
        refused = [asdict(told) for told in done.of(REFUSED)]
        print_json(
            done.counts()
            | {"dry_run": dry_run, "columns_left_out": columns.unknown, "refused_rows": refused}
        )
    else:
        _tell(done, columns.unknown, dry_run=dry_run)
    if done.of(REFUSED):
        raise click.exceptions.Exit(1)


def _tell(done: Report, left_out: tuple[str, ...], *, dry_run: bool) -> None:
    if left_out:
        click.echo(f"columns left out: {', '.join(left_out)}")
    not_taken = [*done.of(REFUSED), *done.of(DUPLICATE)]
    if not_taken:
        table = new_table("Not taken 未导入", "row", "number", "result", "ticket", "column", "why")
        for told in not_taken[:SHOWN]:
            add_row(table, *(cell or None for cell in told.cells()))
        show(table)
    if len(not_taken) > SHOWN:
        click.echo(f"and {len(not_taken) - SHOWN} more: --report FILE has every row")
    counts = done.counts()
    would = "would be " if dry_run else ""
    click.echo(
        f"{counts[ACCEPTED]} {would}accepted, {counts[DUPLICATE]} there before,"
        f" {counts[REFUSED]} refused"
    )
