"""Draws a morning while it happens: what each caller does now, as the switch sees it."""

from collections.abc import Mapping, Sequence
from datetime import datetime

from rich.table import Table

from scripts.lab.feed import Event
from scripts.lab.morning import Scene
from scripts.lab.witness import Witness, witness
from tickets.numbers import SHANGHAI

ROOM = {"7": "[green]民生[/]", "8": "[blue]警察[/]"}


def board(people: Mapping[str, Scene], events: Sequence[Event], lines: int) -> Table:
    table = Table(title=f"110 · trunk channels in use at the switch: {lines}", expand=False)
    for heading in ("time", "caller", "来电 why", "now", "trunk"):
        table.add_column(heading, no_wrap=heading != "来电 why")
    for number, scene in people.items():
        try:
            seen = witness(events, number)
        except LookupError:
            continue
        at = datetime.fromtimestamp(seen.dialled_at, SHANGHAI).strftime("%H:%M:%S")
        masked = f"{number[:3]}****{number[-4:]}"
        table.add_row(at, masked, f"{scene.zh} {scene.en}", state(seen), _held(seen))
    return table


def state(seen: Witness) -> str:
    if seen.ended_at is not None:
        return f"[dim]was at[/] {_room(seen.talked_to)}" if seen.talked else "[dim]left[/]"
    if seen.talked:
        return f"talks {_room(seen.talked_to)}"
    if seen.rang:
        return f"rings {_room([seen.rang[-1].seat])}"
    return "menu" if seen.answered_at else "dials"


def _room(seats: Sequence[str]) -> str:
    seat = seats[-1]
    return f"{ROOM.get(seat[0], '')} {seat}"


def _held(seen: Witness) -> str:
    return f"{seen.trunk_free_at - seen.dialled_at:.1f}s" if seen.trunk_free_at else ""
