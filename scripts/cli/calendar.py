"""`l110 calendar`: which days are worked, and the city's own days."""

import json
from datetime import UTC, date, datetime, timedelta

import click

from db.calendar import days_set, forget_day, load_calendar, publish_year, set_day
from db.deadlines import recompute
from scripts.cli import record_views as views
from scripts.cli.context import Site, pass_site
from scripts.cli.deadlines import rules_of
from scripts.cli.force import reason_of, who
from scripts.cli.stores import explained, read_store, write_store
from tickets.calendar import Calendar

json_option = click.option("--json", "as_json", is_flag=True, help="For programs.")
because_option = click.option(
    "--because", required=True, callback=reason_of, help="Why; stays on record, is shown."
)
YEARS = click.IntRange(2020, 2099)
LONGEST_YEAR = 366


@click.group()
def calendar() -> None:
    """Working days: what is published, and this city's own days over that."""


@calendar.command("show")
@click.argument("year", type=YEARS)
@json_option
@pass_site
def calendar_show(site: Site, year: int, as_json: bool) -> None:
    """The days of YEAR that are not as the week says, or have a name."""
    with read_store(site) as session:
        days = load_calendar(session)
        own = {row.day: row for row in days_set(session, year)}
    rows = [
        {
            "day": day.isoformat(),
            "kind": days.kind(day).value,
            "working": days.is_working(day),
            "zh": days.special[day].zh,
            "en": days.special[day].en,
            "set_by": own[day].by if day in own else None,
        }
        for day in _days(year)
        if day in days.special
    ]
    published = year in days.published
    if as_json:
        told = {"year": year, "published": published, "days": rows, "working": _worked(days, year)}
        click.echo(json.dumps(told, ensure_ascii=False))
        return
    table = views.new_table(f"Calendar 工作日历 {year}", "day", "kind", "名称", "name", "set by")
    for row in rows:
        views.add_row(table, row["day"], row["kind"], row["zh"], row["en"], row["set_by"])
    views.show(table)
    click.echo(f"{_worked(days, year)} working days 个工作日")
    if not published:
        click.echo(
            "Its make-up days are not published: deadlines into it are provisional."
            " 调休安排尚未公布，时限为暂定。"
            "\nEnter them with `calendar set`, then `calendar publish`."
        )


@calendar.command("set")
@click.argument("day", type=click.DateTime(["%Y-%m-%d"]))
@click.argument("kind", type=click.Choice(["working", "off", "as-published"]))
@because_option
@pass_site
def calendar_set(site: Site, day: datetime, kind: str, because: str) -> None:
    """Say that DAY is worked or off here, or again as it is published.

    The deadlines of open tickets are computed anew.
    """
    rules, on, now = rules_of(site), day.date(), datetime.now(UTC)
    with write_store(site) as session:
        if kind != "as-published":
            working = kind == "working"
            set_day(session, on, working=working, because=because, by=who(), at=now)
        elif not forget_day(session, on):
            raise click.ClickException(f"{on} is as it is published; nothing was changed.")
    with explained(site.engine):
        moved = recompute(site.engine, now, rules, every=True)
    click.echo(f"{on}: {kind}. {len(moved)} deadlines moved 个时限已重算")


@calendar.command("publish")
@click.argument("year", type=YEARS)
@because_option
@pass_site
def calendar_publish(site: Site, year: int, because: str) -> None:
    """Say that every day off and make-up day of YEAR is entered: its deadlines are final."""
    rules, now = rules_of(site), datetime.now(UTC)
    with write_store(site) as session:
        publish_year(session, year, because=because, by=who(), at=now)
    with explained(site.engine):
        moved = recompute(site.engine, now, rules)
    click.echo(f"{year}: published. {len(moved)} provisional deadlines are computed anew 已重算")


@calendar.command("recompute")
@click.option("--all", "every", is_flag=True, help="Also deadlines that are final.")
@json_option
@pass_site
def calendar_recompute(site: Site, every: bool, as_json: bool) -> None:
    """Compute the deadlines of open tickets anew, provisional ones only without --all."""
    rules = rules_of(site)
    with explained(site.engine):
        moved = recompute(site.engine, datetime.now(UTC), rules, every=every)
    if as_json:
        click.echo(json.dumps({"moved": moved}))
    else:
        click.echo("\n".join([*moved, f"{len(moved)} deadlines moved 个时限已重算"]))


def _days(year: int) -> list[date]:
    days = (date(year, 1, 1) + timedelta(days=n) for n in range(LONGEST_YEAR))
    return [day for day in days if day.year == year]


def _worked(days: Calendar, year: int) -> int:
    return sum(days.is_working(day) for day in _days(year))
