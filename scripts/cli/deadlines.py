"""`l110 deadlines`: the classes and the ladder, and whether a file of them may go live."""

import json
from pathlib import Path
from typing import Any

import click

from scripts.cli import record_views as views
from scripts.cli.context import Site, pass_site
from scripts.deadlines import deadline_rules
from tickets.deadline_problems import DeadlineRulesRejected
from tickets.deadline_rules import DeadlineRules, parse_deadlines
from tickets.ladder import Rung
from tickets.model import Urgency


def rules_of(site: Site) -> DeadlineRules:
    """Raises ClickException: with every fault and its line."""
    try:
        return deadline_rules(site.settings)
    except OSError as error:
        raise click.ClickException(
            f"{site.settings.deadlines_path}: {error.strerror}: set deadlines_file."
        ) from None
    except DeadlineRulesRejected as rejected:
        raise click.ClickException("\n".join(map(str, rejected.problems))) from None


@click.group()
def deadlines() -> None:
    """Deadline classes and the ladder of supervision."""


@deadlines.command("check")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
def deadlines_check(file: Path) -> None:
    """Say whether FILE may go live; every fault is named with its line."""
    try:
        found = parse_deadlines(file.read_bytes(), str(file))
    except DeadlineRulesRejected as rejected:
        for problem in rejected.problems:
            click.echo(str(problem), err=True)
        raise click.exceptions.Exit(1) from None
    click.echo(f"{file}: may go live; {len(found.classes)} classes")


@deadlines.command("show")
@click.option("--json", "as_json", is_flag=True, help="For programs.")
@pass_site
def deadlines_show(site: Site, as_json: bool) -> None:
    """The tiers by class and urgency, and who is told when a ticket is late."""
    rules = rules_of(site)
    if as_json:
        click.echo(json.dumps(_as_dict(rules), ensure_ascii=False))
        return
    tiers = views.new_table("Deadline classes 办理时限", "class", "名称", *Urgency)
    for each in rules.classes.values():
        views.add_row(tiers, each.name, each.zh, *(each.tiers[urgency] for urgency in Urgency))
    ladder = views.new_table("Ladder 督办阶梯", "tier", "level", "kind", "to", "when")
    for unit, rungs in rules.ladders.items():
        for rung in rungs:
            views.add_row(ladder, unit, rung.level, rung.kind, rung.to, _when(rung))
    views.show(tiers, ladder)


def _when(rung: Rung) -> str:
    return f"{rung.offset} {rung.side}" if rung.offset else rung.side.value


def _as_dict(rules: DeadlineRules) -> dict[str, Any]:
    return {
        "default": rules.default,
        "meeting_day": rules.meeting_day,
        "classes": {
            each.name: {
                "zh": each.zh,
                "en": each.en,
                **{urgency.value: str(tier) for urgency, tier in each.tiers.items()},
            }
            for each in rules.classes.values()
        },
        "ladder": {
            unit: [
                {"level": rung.level, "kind": rung.kind, "to": rung.to, "when": _when(rung)}
                for rung in rungs
            ]
            for unit, rungs in rules.ladders.items()
        },
    }
