"""`scripts/load storm` and `scripts/load storm-sweep`."""

import json
import shutil
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any, TypeVar

import click
from rich.console import Console

from reports.capacity.hour import MIXES, WORLDS, Habits, Mix, World
from scripts.lab.waiting import NeverHappened
from scripts.storm.agreement import agreement, played_seed, simulate_played
from scripts.storm.figures import Figures, Switches, figures
from scripts.storm.picture import draw_storm
from scripts.storm.played import WARM_UP_S, play
from scripts.storm.report import as_dict, table
from scripts.storm.simulation import simulate
from scripts.storm.sweep import draw_sweep, sweep_all, sweep_table
from scripts.stress.settings import run_folder

F = TypeVar("F", bound=Callable[..., Any])
SHARE = click.FloatRange(0, 1)
FILE = click.Path(path_type=Path, dir_okay=False)


@dataclass(frozen=True, slots=True)
class _Asked:
    worlds: Sequence[World]
    mix: Mix
    habits: Habits
    switches: int
    minutes: float
    seed: int


def _options(*made: Callable[[F], F]) -> Callable[[F], F]:
    def with_them(command: F) -> F:
        for option in reversed(made):
            command = option(command)
        return command

    return with_them


@click.command()
@_options(
    click.option("--switches", default=8, show_default=True, type=click.IntRange(1, 40),
                 help="Four-line switches of each world, side by side."),
    click.option("--minutes", default=5.0, show_default=True, type=click.FloatRange(0.5, 600)),
    click.option("--mix", "name", default="livelihood", show_default=True,
                 type=click.Choice(list(MIXES)), help="Who calls in the busy hour."),
    click.option("--world", "names", multiple=True, type=click.Choice(list(WORLDS)),
                 help="Only this world; may be given again. Default: all five."),
    click.option("--keys-correctly", default=Habits().keys_correctly, show_default=True, type=SHARE,
                 help="Share of callers who press their key."),
    click.option("--redials", default=0.0, show_default=True, type=SHARE,
                 help="Share of blocked callers who call again."),
    click.option("--simulate", "hours", default=0.0, type=click.FloatRange(0, 10_000),
                 help="Play nothing; simulate so many hours of each switch."),
    click.option("--seed", default=1, show_default=True, type=int),
    click.option("--json", "file", type=FILE, help="Write the figures here."),
    click.option("--picture", type=FILE, help="Draw them here (SVG)."),
)  # fmt: skip
def storm(
    switches: int, minutes: float, name: str, names: tuple[str, ...], keys_correctly: float,
    redials: float, hours: float, seed: int, file: Path | None, picture: Path | None,
) -> None:  # fmt: skip
    """A busy hour on four police lines, with and without this bridge, in real time.

    Each switch is an Asterisk of its own with four lines, its callers and its seats; in four of the
    worlds a whole node stands behind it. A menu takes its time, so nothing is compressed. What was
    played is compared with the simulation of the same people.
    """
    habits = replace(Habits(), keys_correctly=keys_correctly, redials=redials)
    worlds = [WORLDS[world] for world in names or WORLDS]
    asked = _Asked(worlds, MIXES[name], habits, switches, hours * 60 or minutes, seed)
    seen = _simulated(asked) if hours else _played(asked)
    try:
        found = {world: figures(of, asked.minutes / 60) for world, of in seen.items()}
    except ValueError as fault:
        raise click.ClickException(f"too little was played for figures: {fault}") from None
    way, length = ("simulated", f"{hours:g} h") if hours else ("played", f"{minutes:g} min")
    title = f"{name} mix, {way}, {switches} switches x {length}, redials {redials:g}"
    Console().print(table(title, found))
    alike = {} if hours else _compared(asked, seen)
    _write(title, found, alike, file, picture)


@click.command("storm-sweep")
@_options(
    click.option("--switches", default=40, show_default=True, type=click.IntRange(2, 400)),
    click.option("--hours", default=10.0, show_default=True, type=click.FloatRange(0.5, 1000),
                 help="Simulated hours of each switch."),
    click.option("--seed", default=1, show_default=True, type=int),
    click.option("--json", "file", type=FILE, help="Write the figures here."),
    click.option("--picture", type=FILE, help="Draw them here (SVG)."),
)  # fmt: skip
def storm_sweep(
    switches: int, hours: float, seed: int, file: Path | None, picture: Path | None
) -> None:
    """Blocking against the share of callers who key correctly, simulated and by Erlang B."""
    curves = sweep_all(Habits(), switches=switches, hours=hours, seed=seed)
    for mix, worlds in curves.items():
        Console().print(sweep_table(f"{mix} mix: simulated (Erlang B)", worlds))
    if file:
        told = {
            mix: {world: [asdict(point) for point in points] for world, points in worlds.items()}
            for mix, worlds in curves.items()
        }
        file.write_text(json.dumps(told, indent=1) + "\n")
    if picture:
        title = f"Blocking on four lines, {switches} switches x {hours:g} simulated hours"
        draw_sweep(title, curves, picture)


def _simulated(asked: _Asked) -> dict[str, Switches]:
    return {
        world.name: [
            simulate(world, asked.mix, asked.habits, asked.minutes / 60, played_seed(asked.seed, n))
            for n in range(asked.switches)
        ]
        for world in asked.worlds
    }


def _played(asked: _Asked) -> dict[str, Switches]:
    folder, console = run_folder("storm"), Console(stderr=True)
    try:
        seen = play(
            folder / "at", asked.worlds, asked.mix, asked.habits, switches=asked.switches,
            minutes=asked.minutes, seed=asked.seed, tell=lambda what: console.print(what),
        )  # fmt: skip
    except NeverHappened as fault:
        raise click.ClickException(f"{fault}\nlogs: {folder}") from None
    shutil.rmtree(folder)
    return dict(seen)


def _compared(asked: _Asked, seen: Mapping[str, Switches]) -> dict[str, str]:
    """What the simulation of the same people says. With redials they part after the first one."""
    told = {}
    for world in asked.worlds:
        simulated = simulate_played(
            world, asked.mix, asked.habits, switches=asked.switches, minutes=asked.minutes,
            warm_up_s=WARM_UP_S, seed=asked.seed,
        )  # fmt: skip
        told[world.name] = str(agreement(seen[world.name], simulated))
        click.echo(f"{world.name:>14}: simulation of the same people: {told[world.name]}")
    return told


def _write(
    title: str, found: Mapping[str, Figures], alike: Mapping[str, str],
    file: Path | None, picture: Path | None,
) -> None:  # fmt: skip
    if file:
        told = {"title": title, "worlds": as_dict(found), "simulation": dict(alike)}
        file.write_text(json.dumps(told, indent=1) + "\n")
    if picture:
        draw_storm(f"A busy hour on four police lines: {title}", found, picture)
