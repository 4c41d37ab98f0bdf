"""`l110 audit tickets`: whether every ticket is what its history says."""

import json

import click
from rich.text import Text

from db.engine import make_engine, one_moment
from reports.ticket_audit import KINDS, TicketAudit, audit_tickets
from scripts.cli import record_views as views
from scripts.cli.context import Site, pass_site
from scripts.cli.stores import explained

PATIENCE_S = 60.0  # for one question about all tickets
SHOWN = 50


@click.command("tickets")
@click.option("--json", "as_json", is_flag=True, help="For programs; with every finding.")
@click.option("--all", "every", is_flag=True, help=f"Every finding, not the first {SHOWN}.")
@pass_site
def audit_tickets_command(site: Site, *, as_json: bool, every: bool) -> None:
    """Every ticket against its history and the rules; exit status 1 unless all is zero."""
    engine = make_engine(site.settings.store_url, statement_timeout_s=PATIENCE_S)
    try:
        with explained(engine), one_moment(engine) as session:
            audit = audit_tickets(session)
    finally:
        engine.dispose()
    if as_json:
        click.echo(json.dumps(audit.as_dict(verbose=True), ensure_ascii=False))
    else:
        _show(audit, every=every)
    if not audit.clean:
        raise click.exceptions.Exit(1)


def _show(audit: TicketAudit, *, every: bool) -> None:
    counts = views.new_table("Tickets 工单核对", "what", "count")
    for name, value in audit.as_dict().items():
        views.add_row(counts, name, value)
    views.show(counts)
    if audit.clean:
        views.show(Text(f"None of {len(KINDS)} kinds of fault. 工单与经过一致。"))
        return
    rows = views.new_table("Findings 差异", "kind", "ticket", "explanation")
    for finding in audit.findings if every else audit.findings[:SHOWN]:
        views.add_row(rows, finding.kind, finding.ticket, finding.explanation)
    views.show(rows)
