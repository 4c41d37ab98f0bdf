"""`scripts/load`: long runs that prove something about many calls."""

import json
import shutil
import signal
import sys
from pathlib import Path

import click
from rich.console import Console

from scripts.lab.postgres import PostgresMissing
from scripts.lab.sipp import SippMissing
from scripts.lab.waiting import NeverHappened
from scripts.storm.command import storm, storm_sweep
from scripts.stress.course import Course
from scripts.stress.endurance import Endurance, endure
from scripts.stress.pictures import draw_endurance, draw_soak
from scripts.stress.settings import Place, run_folder
from scripts.stress.soak import soak as play_soak
from scripts.stress.troubles import Plan

COUNT = click.IntRange(20, 10_000_000)
FILE = click.Path(path_type=Path, dir_okay=False)
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
@click.option("--json", "file", type=FILE, help="Write the result here.")
@click.option("--picture", type=FILE, help="Draw the run over time (SVG).")
def endurance(
    calls: int, rate: float, kill_every: float, store_away: float, restart: bool,
    file: Path | None, picture: Path | None,
) -> None:  # fmt: skip
    """Call while the bridge is killed, the store is away and Asterisk is killed; then count.

    Exit status 1 if a call is missing, doubled or without a reason, if not everybody called, or
    if somebody was diverted who had not keyed it.
    """
    console = Console(stderr=True)
    plan = Plan(calls / rate, kill_every, store_away, restart)
    folder = run_folder("endurance")
    console.print(f"{calls} calls at {rate:g}/s: about {calls / rate / 60:.0f} min")

    def seen(course: Course) -> None:
        if picture and course.moments:
            title = f"{calls} calls at {rate:g}/s"
            draw_endurance(title, course.moments, course.events, rate, picture)

    try:
        found = endure(folder, calls, rate, plan, Place.own(), console.print, seen)
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
@click.option("--picture", type=FILE, help="Draw memory and files over time (SVG).")
def soak(minutes: float, rate: float, picture: Path | None) -> None:
    """Call for a long time and watch what grows: memory, open files, channels.

    4320 minutes are 72 hours. Every 10 s a line goes to samples.csv. Exit status 1 if a process
    grew by 5 % or more after the first fifth of the run, holds more files, or a channel is left.
    """
    console, folder = Console(stderr=True), run_folder("soak")
    console.print(f"samples: {folder / 'samples.csv'}", soft_wrap=True)
    try:
        found = play_soak(folder, minutes, rate, Place.own(), console.print)
    except (NeverHappened, SippMissing, ValueError) as fault:
        raise click.ClickException(f"{type(fault).__name__}: {fault}\nlogs: {folder}") from None
    if picture:
        draw_soak(f"{found.calls} calls at {rate:g}/s", found.samples, picture)
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


main.add_command(storm)
main.add_command(storm_sweep)


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
