"""`scripts/demo`: a node, a switch, seats and a morning of calls; then the proof."""

import json
import signal
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

import click
from rich.console import Console
from rich.live import Live

from config.settings import ROOT, Settings, load_settings
from scripts.cli import running
from scripts.demo_node import demo_node, only_demo
from scripts.demo_report import Report, report
from scripts.lab.acts import ACTS, LIVELIHOOD, POLICE
from scripts.lab.board import board
from scripts.lab.callers import impatient_caller
from scripts.lab.morning import Scene, numbered
from scripts.lab.seats import Manner
from scripts.lab.sipp import Person
from scripts.lab.town import DUTY_TELEPHONE, Town, TownPlan
from scripts.lab.waiting import NeverHappened

LONGEST_CALL_S = 60.0
FRAME_S = 0.25


@click.command()
@click.option("--once", is_flag=True, help="Play, report, take everything down; exit 0 or 1.")
@click.option("--json", "as_json", is_flag=True, help="The summary as JSON on the last line.")
def main(once: bool, as_json: bool) -> None:
    """Bring up a node with a 110 switch around it and play a morning of calls.

    Without --once the node, the switch and the seats stay up until Ctrl-C. A node of this checkout
    that is already up is left alone, and nothing is played.
    """
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))  # leave through every `finally`
    console = Console(stderr=as_json)
    try:
        with only_demo() as mark:  # the settings come after it: they are the running demo's
            config = _settings_file()
            settings = load_settings(config)
            node = demo_node(settings, config, mark, console.print)
            with node, _town(settings, console) as town:
                found = _play(settings, town, console)
                found.draw(console)
                if as_json:
                    print(json.dumps(found.as_dict(), ensure_ascii=False), flush=True)
                if not once:
                    _stay(town, console)
    except (running.NotStarted, NeverHappened) as error:
        raise click.ClickException(str(error)) from None
    sys.exit(0 if found.good else 1)


def _settings_file() -> Path:
    """The demo has rules of its own, which it may change; all else is as any node's."""
    folder = ROOT / "var/demo"
    folder.mkdir(parents=True, exist_ok=True)
    rules = folder / "rules.toml"
    rules.write_bytes((ROOT / "config/rules.toml").read_bytes())
    config = folder / "settings.toml"
    config.write_text(f'rules_file = "{rules.relative_to(ROOT)}"\n')
    return config


@contextmanager
def _town(settings: Settings, console: Console) -> Iterator[Town]:
    police = {seat.number: POLICE for seat in settings.police.seats}
    livelihood = {seat.number: LIVELIHOOD for seat in settings.livelihood.seats}
    town = Town(
        TownPlan(
            root=ROOT / "var/town",
            node_host=settings.sip.host,
            node_port=settings.sip.port,
            switch_host=settings.sip.switch_host,
            switch_port=settings.sip.switch_port,
            callers_host=settings.demo.callers_host,
            seats_host=settings.demo.seats_host,
            seats={**police, **livelihood, DUTY_TELEPHONE: Manner()},
            direct_seats=tuple(police),
            trunk_channels=settings.trunk.channels,
        )
    )
    if town.key_by_info:
        console.print("keys go by SIP INFO: SIPp may send RTP events only as root")
    try:
        town.start()
        yield town
    finally:
        town.stop()


def _play(settings: Settings, town: Town, console: Console) -> Report:
    started_at = datetime.now(UTC)
    everybody: dict[str, Scene] = {}
    for act in ACTS:
        act.prepare(settings, town)
        console.print(f"\n[bold]{act.title}[/]")
        people = dict(numbered(act.scenes, f"{act.prefix}{started_at:%H%M}"))
        try:
            _act(town, people, console)
        finally:
            act.undo(settings, town)
        everybody |= people
    return report(settings, town, everybody, started_at)


def _act(town: Town, people: Mapping[str, Scene], console: Console) -> None:
    """Play every scene at its time and draw until the last caller has gone."""
    begin = time.monotonic()
    waiting = list(people.items())
    with Live(console=console, refresh_per_second=4, transient=False) as live:
        while True:
            while waiting and time.monotonic() - begin >= waiting[0][1].at_s:
                _call(town, *waiting.pop(0))
            live.update(board(people, town.switch.events(), len(town.lines_in_use())))
            if not waiting and not any(call.running for call in town.calls):
                break
            if time.monotonic() - begin > people_end_s(people):
                raise NeverHappened("the morning did not end: a caller still waits")
            time.sleep(FRAME_S)
    for number in people:
        town.ended(number)


def people_end_s(people: Mapping[str, Scene]) -> float:
    return max(scene.at_s for scene in people.values()) + LONGEST_CALL_S


def _call(town: Town, number: str, scene: Scene) -> None:
    if scene.ring_s is None:
        town.call(number, scene.actions, dial=scene.dial)
    else:
        town.play(Person(number), impatient_caller(scene.ring_s), dial=scene.dial)


def _stay(town: Town, console: Console) -> None:
    host, port = town.plan.switch_host, town.plan.switch_port
    console.print(
        f"\nAll stays up. A SIP telephone on {town.plan.callers_host} reaches 110 at "
        f"sip:110@{host}:{port}. Try `scripts/l110 calls list`, `scripts/l110 tickets list`, "
        "`scripts/l110 audit calls`. Ctrl-C ends it."
    )
    try:
        while True:
            town.switch.export_list()
            time.sleep(1)
    except KeyboardInterrupt:
        console.print("stopping")


if __name__ == "__main__":
    main()
