"""`l110 capacity`: how many lines, seats and nodes a city needs, reckoned by Erlang's formulas."""

import json
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import click
from rich.console import Console
from rich.table import Table

from reports.capacity.advice import advice
from reports.capacity.hour import LIVELIHOOD, MIXES, WORLDS, Habits, Mix
from reports.capacity.plan import Plan, Wish, plan

SHARE = click.FloatRange(0, 1)
OPEN_SHARE = click.FloatRange(0, 1, min_open=True, max_open=True)
SECONDS = click.FloatRange(0, 3600, min_open=True)
COLUMNS = (
    "world 方案",
    "s on a line 占线秒数",
    "blocked now 现呼损",
    "lines 需线路",
    "desk seats 民生坐席",
    "nodes 节点",
)
WISH, HABITS = Wish(calls_a_day=3500), Habits()


@click.command()
@click.option("--calls-a-day", default=WISH.calls_a_day, show_default=True, type=float)
@click.option(
    "--busy-hour",
    default=WISH.busy_hour,
    show_default=True,
    type=SHARE,
    help="Share of a day's calls that come in its busiest hour.",
)
@click.option(
    "--lines",
    default=WISH.lines_now,
    show_default=True,
    type=click.IntRange(1, 1000),
    help="Police lines that there are now.",
)
@click.option(
    "--mix",
    "name",
    default=LIVELIHOOD.name,
    show_default=True,
    type=click.Choice(list(MIXES)),
    help="Who calls; or give the shares yourself.",
)
@click.option("--junk", type=SHARE, help="Share of calls that say and press nothing.")
@click.option("--police", type=SHARE, help="Share of emergencies; the rest is livelihood.")
@click.option(
    "--keys-correctly",
    default=HABITS.keys_correctly,
    show_default=True,
    type=SHARE,
    help="Share of livelihood callers and emergencies who press their key.",
)
@click.option(
    "--talk",
    default=HABITS.talk_s,
    show_default=True,
    type=SECONDS,
    help="Mean seconds of a talk with the police.",
)
@click.option(
    "--desk",
    default=HABITS.desk_s,
    show_default=True,
    type=SECONDS,
    help="Mean seconds of a talk with the livelihood desk.",
)
@click.option(
    "--hand-over",
    default=HABITS.hands_over_after_s,
    show_default=True,
    type=SECONDS,
    help="Seconds after which the call-taker presses his key.",
)
@click.option(
    "--blocked",
    default=WISH.blocked_at_most,
    show_default=True,
    type=OPEN_SHARE,
    help="Share of calls that may find every line taken.",
)
@click.option(
    "--answered",
    default=WISH.answered,
    show_default=True,
    type=OPEN_SHARE,
    help="Share of livelihood callers to be answered ...",
)
@click.option(
    "--within",
    default=WISH.within_s,
    show_default=True,
    type=SECONDS,
    help="... within so many seconds.",
)
@click.option("--picture", type=click.Path(path_type=Path, dir_okay=False), help="Draw it (SVG).")
@click.option("--json", "as_json", is_flag=True, help="For programs.")
def capacity(
    calls_a_day: float, busy_hour: float, lines: int, name: str, junk: float | None,
    police: float | None, keys_correctly: float, talk: float, desk: float, hand_over: float,
    blocked: float, answered: float, within: float, picture: Path | None, as_json: bool,
) -> None:  # fmt: skip
    """Reckon lines, seats and nodes for a city. 按话务量测算线路、坐席与节点

    Lines by Erlang B, the desk by Erlang A (callers who wait give up after a minute on the mean),
    for each way to run this bridge. It touches nothing and asks no node. Blocked callers who redial
    make it worse than it says: `scripts/load storm` plays that.
    """
    wish = Wish(calls_a_day, busy_hour, lines, blocked, answered, within)
    habits = replace(
        HABITS, keys_correctly=keys_correctly, talk_s=talk, desk_s=desk,
        hands_over_after_s=hand_over,
    )  # fmt: skip
    try:
        mix = _mix(name, junk, police)
        plans = [plan(world, mix, habits, wish) for world in WORLDS.values()]
    except ValueError as error:
        raise click.UsageError(str(error)) from None
    told = advice(plans, wish)
    if picture:
        _picture(plans, wish, picture)
    if as_json:
        text = {"plans": [one.as_dict() for one in plans], "advice": [t._asdict() for t in told]}
        click.echo(json.dumps(text, ensure_ascii=False))
        return
    _draw(plans)
    for line in told:
        click.echo(f"{line.zh}\n{line.en}")


def _picture(plans: Sequence[Plan], wish: Wish, file: Path) -> None:
    from reports.capacity.picture import draw_capacity  # matplotlib only where somebody draws

    try:
        draw_capacity(plans, wish, file)
    except OSError as fault:
        raise click.ClickException(f"the picture cannot be written: {fault}") from None


def _mix(name: str, junk: float | None, police: float | None) -> Mix:
    if junk is None and police is None:
        return MIXES[name]
    own_junk, own_police = junk or 0.0, police or 0.0
    return Mix("own", own_junk, 1 - own_junk - own_police, own_police)


def _draw(plans: Sequence[Plan]) -> None:
    table = Table()
    for number, column in enumerate(COLUMNS):
        table.add_column(column, no_wrap=not number)
    for one in plans:
        table.add_row(
            one.world,
            f"{one.line_s:.1f}",
            f"{one.blocked_now:.1%}",
            str(one.lines),
            str(one.desk_seats),
            str(one.nodes),
        )
    Console().print(table)
