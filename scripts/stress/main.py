"""`scripts/load`: long runs that prove something about many calls."""

import json
import shutil
import signal
import sys
import tempfile
from dataclasses import replace
from pathlib import Path

import click
from rich.console import Console

from config.settings import ROOT
from reports.capacity.hour import MIXES, WORLDS, Habits
from scripts.lab.postgres import PostgresMissing
from scripts.lab.sipp import SippMissing
from scripts.lab.waiting import NeverHappened
from scripts.storm.figures import figures
from scripts.storm.played import play
from scripts.storm.report import as_dict, table
from scripts.storm.simulation import simulate
from scripts.stress.endurance import Endurance, endure
from scripts.stress.settings import Place
from scripts.stress.soak import soak as play_soak
from scripts.stress.troubles import Plan

COUNT = click.IntRange(20, 10_000_000)
RATE = click.FloatRange(1, 200)


@click.group()
def main() -> None:
    """Long runs on nodes of their own; nothing that runs is touched."""
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))  # leave through every `finally`


@main.command()
@click.option("--calls", default=20_000, show_default=True, type=COUNT)
@click.option("--rate", default=20.0, show_default=True, help="Calls begun per second.", type=RATE)
@click.option("--kill-every", default=30.0, show_default=True, help="Seconds; 0: never.")
@click.option("--store-away", default=120.0, show_default=True, help="Seconds, in the middle.")
@click.option("--restart/--no-restart", default=True, show_default=True, help="Of Asterisk, once.")
@click.option("--json", "file", type=click.Path(path_type=Path), help="Write the result here.")
def endurance(
    calls: int, rate: float, kill_every: float, store_away: float, restart: bool, file: Path | None
) -> None:
    """Call while the bridge is killed, the store is away and Asterisk is killed; then count.

    Exit status 1 if a call is missing, doubled or without a reason.
    """
    console = Console(stderr=True)
    plan = Plan(calls / rate, kill_every, store_away, restart)
    folder = _folder("endurance")
    console.print(f"{calls} calls at {rate:g}/s: about {calls / rate / 60:.0f} min")
    try:
        found = endure(folder, calls, rate, plan, Place.own(), lambda what: console.print(what))
    except (NeverHappened, SippMissing, PostgresMissing) as fault:
        raise click.ClickException(f"{type(fault).__name__}: {fault}\nlogs: {folder}") from None
    _draw(found)
    if file:
        file.write_text(json.dumps(found.as_dict(), indent=1) + "\n")
    if not found.good:
        raise click.ClickException(f"calls are not conserved; logs and record: {folder}")
    shutil.rmtree(folder)


@main.command()
@click.option("--minutes", default=30.0, show_default=True, type=click.FloatRange(0.5, 100_000))
@click.option("--rate", default=5.0, show_default=True, help="Calls begun per second.", type=RATE)
def soak(minutes: float, rate: float) -> None:
    """Call for a long time and watch what grows: memory, open files, channels.

    4320 minutes are 72 hours. Every 10 s a line goes to samples.csv. Exit status 1 if a process
    grew by 5 % or more after the first fifth of the run, holds more files, or a channel is left.
    """
    console, folder = Console(stderr=True), _folder("soak")
    console.print(f"samples: {folder / 'samples.csv'}", soft_wrap=True)
    try:
        found = play_soak(folder, minutes, rate, Place.own(), lambda what: console.print(what))
    except (NeverHappened, SippMissing, ValueError) as fault:
        raise click.ClickException(f"{type(fault).__name__}: {fault}\nlogs: {folder}") from None
    click.echo(f"{found.calls} calls, {found.answered} answered, {found.lasted_s:.0f} s")
    for one in found.growth.values():
        click.echo(
            f"{one.process:>9}: {one.memory_kb} kB, grown {100 * one.grown:.1f} % after the "
            f"warm-up ({one.memory_kb_per_h:+.0f} kB an hour), "
            f"files {one.files_first} to {one.files_last}"
        )
    click.echo(f"channels left: {found.channels_left}")
    if not found.good:
        raise click.ClickException(f"something grows; samples and logs: {folder}")


@main.command()
@click.option(
    "--switches",
    default=8,
    show_default=True,
    type=click.IntRange(1, 40),
    help="Four-line switches of each world, side by side.",
)
@click.option("--minutes", default=5.0, show_default=True, type=click.FloatRange(0.5, 600))
@click.option(
    "--mix",
    "name",
    default="livelihood",
    show_default=True,
    type=click.Choice(list(MIXES)),
    help="Who calls in the busy hour.",
)
@click.option(
    "--world",
    "names",
    multiple=True,
    type=click.Choice(list(WORLDS)),
    help="Only this world; may be given again. Default: all five.",
)
@click.option(
    "--keys-correctly",
    default=Habits().keys_correctly,
    show_default=True,
    type=click.FloatRange(0, 1),
    help="Share of callers who press their key.",
)
@click.option(
    "--redials",
    default=0.0,
    show_default=True,
    type=click.FloatRange(0, 1),
    help="Share of blocked callers who call again.",
)
@click.option(
    "--simulate",
    "hours",
    default=0.0,
    type=click.FloatRange(0, 10_000),
    help="Play nothing; simulate so many hours of each switch.",
)
@click.option("--seed", default=1, show_default=True, type=int)
@click.option("--json", "file", type=click.Path(path_type=Path), help="Write the figures here.")
def storm(
    switches: int, minutes: float, name: str, names: tuple[str, ...], keys_correctly: float,
    redials: float, hours: float, seed: int, file: Path | None,
) -> None:  # fmt: skip
    """A busy hour on four police lines, with and without this bridge, in real time.

    Each switch is an Asterisk of its own with four lines, its callers and its seats; in four of the
    worlds a whole node stands behind it. A menu takes its time, so nothing is compressed.
    """
    console = Console(stderr=True)
    mix = MIXES[name]
    habits = replace(Habits(), keys_correctly=keys_correctly, redials=redials)
    worlds = [WORLDS[world] for world in names or WORLDS]
    if simulated := hours > 0:
        seen = {
            world.name: [simulate(world, mix, habits, hours, seed + n) for n in range(switches)]
            for world in worlds
        }
    else:
        hours, folder = minutes / 60, _folder("storm")
        try:
            seen = play(
                folder / "at", worlds, mix, habits, switches=switches, minutes=minutes, seed=seed,
                tell=lambda what: console.print(what),
            )  # fmt: skip
        except NeverHappened as fault:
            raise click.ClickException(f"{fault}\nlogs: {folder}") from None
        shutil.rmtree(folder)
    try:
        found = {world: figures(of, hours) for world, of in seen.items()}
    except ValueError as fault:
        raise click.ClickException(f"too little was played for figures: {fault}") from None
    way = "simulated" if simulated else "played"
    title = f"{name}, {way}, {switches} switches x {hours:g} h, redials {redials:g}"
    Console().print(table(title, found))
    if file:
        file.write_text(json.dumps({"title": title, "worlds": as_dict(found)}, indent=1) + "\n")


def _folder(name: str) -> Path:
    parent = ROOT / "var/load"
    parent.mkdir(parents=True, exist_ok=True)
    return Path(tempfile.mkdtemp(prefix=f"{name}-", dir=parent))


def _draw(found: Endurance) -> None:
    for name, value in found.as_dict().items():
        if name != "audit":
            click.echo(f"{name:>14}: {value}")
    audit = found.audit
    counts = ", ".join(
        f"{kind} {audit.count(kind)}" for kind in ("missing", "doubled", "unexplained", "unreached")
    )
    click.echo(f"{'audit':>14}: {counts}")
    for finding in audit.findings[:20]:
        if finding.kind != "unreached":
            click.echo(f"{finding.kind} {finding.subject}: {finding.explanation}")
