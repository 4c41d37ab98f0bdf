"""`l110 live`: what happens now, drawn from Asterisk's manager. No record comes from here."""

import asyncio
import json
import logging
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final

import click
import structlog
from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.table import Table
from rich.text import Text

from config.settings import Settings
from ivr.ami import Ami, Snapshot
from ivr.ami_errors import AmiActionFailed, AmiError, AmiLoginRefused
from ivr.ami_snapshot import LINES_IN_USE, Caller, Member, Queue, SeatState
from reports.masking import mask_number
from scripts.cli.context import Site, pass_site

# What makes the board look again at once; else it looks every EVERY_S.
EVENTS: Final = (
    "QueueCallerJoin",
    "QueueCallerLeave",
    "QueueMemberStatus",
    "QueueMemberAdded",
    "QueueMemberRemoved",
    "QueueMemberPause",
)
EVERY_S: Final = 1.0
AT_MOST_EVERY_S: Final = 0.25
STALE_AFTER_S: Final = 3.0
STYLES: Final = {
    SeatState.FREE: "green",
    SeatState.TALKING: "blue",
    SeatState.RINGING: "yellow",
    SeatState.TALKING_AND_RINGING: "yellow",
    SeatState.BUSY: "blue",
    SeatState.AWAY: "red",
    SeatState.INVALID: "red",
}


@dataclass(frozen=True, slots=True)
class Frame:
    """`lines_in_use` counts slots of police lines, `calls` trunk channels, released ones too."""

    node: str
    lines_in_use: int
    lines: int
    calls: int
    snapshot: Snapshot


@click.command()
@click.option("--once", is_flag=True, help="Print one frame and end; exit status 1 without one.")
@click.option("--json", "as_json", is_flag=True, help="With --once: for programs; numbers masked.")
@pass_site
def live(site: Site, *, once: bool, as_json: bool) -> None:
    """Show police lines, queues and seats as they are now; numbers masked. Ctrl-C ends it."""
    if as_json and not once:
        raise click.UsageError("--json goes with --once")
    quiet = structlog.make_filtering_bound_logger(logging.CRITICAL)
    structlog.configure(wrapper_class=quiet)  # the board itself says what is wrong
    ami = _reader(site.settings)
    try:
        if once:
            _print(asyncio.run(_one_frame(ami, site.settings)), as_json=as_json)
        else:
            with suppress(KeyboardInterrupt):
                asyncio.run(_watch(ami, site.settings, Console()))
    except AmiLoginRefused as refused:
        where = site.settings.secret_path("ami-reader")
        raise click.ClickException(f"{refused} Is {where} what Asterisk has?") from None
    except AmiError as error:
        raise click.ClickException(f"{error} {ami.state}.") from None


def _reader(settings: Settings) -> Ami:
    path = settings.secret_path("ami-reader")
    try:
        secret = path.read_text().strip()
    except OSError as error:
        raise click.ClickException(f"no secret of the manager's reader: {error}") from None
    return Ami(settings.ami.host, settings.ami.port, "l110-reader", secret, events=EVENTS)


async def _one_frame(ami: Ami, settings: Settings) -> Frame:
    async with ami:
        return await _look(ami, settings)


async def _look(ami: Ami, settings: Settings) -> Frame:
    snapshot = await ami.snapshot()
    counted = await ami.action("Getvar", {"Variable": LINES_IN_USE})
    if not counted.ok:
        raise AmiActionFailed(f"(Getvar: {counted.message})")
    trunk = f"PJSIP/{settings.trunk.name}-"
    calls = sum(channel.name.startswith(trunk) for channel in snapshot.channels)
    used = counted.fields.number("Value")
    return Frame(settings.node, used, settings.police.lines, calls, snapshot)


async def _watch(ami: Ami, settings: Settings, console: Console) -> None:
    """Draw until Ctrl-C; when Asterisk is away the last frame stays and says since when."""
    stirred = asyncio.Event()
    frame: Frame | None = None
    ami.start()
    stirring = asyncio.create_task(ami.listen(lambda _: stirred.set()))
    try:
        with Live(console=console, auto_refresh=False, screen=console.is_terminal) as screen:
            while True:
                stirred.clear()
                problem = None
                try:
                    async with asyncio.timeout(STALE_AFTER_S):
                        frame = await _look(ami, settings)
                except (AmiLoginRefused, AmiActionFailed):
                    raise
                except (AmiError, TimeoutError) as error:
                    problem = str(ami.state.problem or error)
                screen.update(board(frame, ami.state.since, problem), refresh=True)
                await _pause(stirred)
    finally:
        stirring.cancel()
        await asyncio.gather(stirring, return_exceptions=True)
        await ami.close()


async def _pause(stirred: asyncio.Event) -> None:
    await asyncio.sleep(AT_MOST_EVERY_S)
    with suppress(TimeoutError):
        await asyncio.wait_for(stirred.wait(), EVERY_S - AT_MOST_EVERY_S)


def board(frame: Frame | None, since: datetime, problem: str | None = None) -> RenderableType:
    """A frame as it is drawn; `since` is when we last knew, if there never was a frame."""
    parts: list[RenderableType] = []
    if problem is not None:
        known = frame.snapshot.taken_at if frame else since
        stale = f"stale since {_time(known)} 数据已过时  {problem}"
        parts.append(Text(stale.rstrip(), style="bold red"))
    if frame is not None:
        parts += _frame_parts(frame)
    return Group(*parts)


def _frame_parts(frame: Frame) -> list[RenderableType]:
    lines = f"police lines in use 警线占用 {frame.lines_in_use}/{frame.lines}"
    full = frame.lines_in_use >= frame.lines
    head = Text(f"node {frame.node}  {_time(frame.snapshot.taken_at)}  ")
    head.append(lines, style="bold red" if full else "bold")
    head.append(f"  calls 在线来电 {frame.calls}")
    return [head, _queues(frame.snapshot.queues), _seats(frame.snapshot.queues)]


def _queues(queues: Iterable[Queue]) -> Table:
    table = _table("Queues 队列", "queue", "place", "caller", "waits s")
    for queue in queues:
        if not queue.callers:
            table.add_row(Text(queue.name), "-", "nobody waits", "-")
        for caller in _in_turn(queue):
            number, waits = Text(mask_number(caller.caller)), str(caller.waits_s)
            table.add_row(Text(queue.name), str(caller.position), number, waits)
    return table


def _seats(queues: Iterable[Queue]) -> Table:
    table = _table("Seats 坐席", "seat", "queues", "state", "talks")
    for seat, names in _by_seat(queues):
        told = f"{seat.state.value}, paused" if seat.paused else seat.state.value
        state = Text(told, style=STYLES.get(seat.state, ""))
        table.add_row(Text(seat.name), Text(", ".join(names)), state, str(seat.talks))
    return table


def _by_seat(queues: Iterable[Queue]) -> list[tuple[Member, list[str]]]:
    """A seat may sit in more than one queue, and has one telephone."""
    found: dict[str, tuple[Member, list[str]]] = {}
    for queue in queues:
        for seat in queue.members:
            known, names = found.get(seat.name, (replace(seat, talks=0), []))
            paused, talks = known.paused or seat.paused, known.talks + seat.talks
            found[seat.name] = replace(known, paused=paused, talks=talks), [*names, queue.name]
    return [found[name] for name in sorted(found)]


def _in_turn(queue: Queue) -> list[Caller]:
    return sorted(queue.callers, key=lambda caller: caller.position)


def _table(title: str, *columns: str) -> Table:
    table = Table(title=title, title_justify="left")
    for column in columns:
        table.add_column(column)
    return table


def _time(at: datetime) -> str:
    return f"{at.astimezone():%H:%M:%S}"


def as_dict(frame: Frame) -> dict[str, object]:
    """Callers' numbers masked; times in UTC."""
    queues = frame.snapshot.queues
    return {
        "node": frame.node,
        "taken_at": frame.snapshot.taken_at.isoformat(),
        "lines_in_use": frame.lines_in_use,
        "lines": frame.lines,
        "calls": frame.calls,
        "queues": [
            {
                "queue": queue.name,
                "waiting": [
                    {
                        "place": caller.position,
                        "caller": mask_number(caller.caller),
                        "waits_s": caller.waits_s,
                    }
                    for caller in _in_turn(queue)
                ],
            }
            for queue in queues
        ],
        "seats": [
            {
                "seat": seat.name,
                "queues": names,
                "state": seat.state.value,
                "paused": seat.paused,
                "talks": seat.talks,
            }
            for seat, names in _by_seat(queues)
        ],
    }


def _print(frame: Frame, *, as_json: bool) -> None:
    if as_json:
        click.echo(json.dumps(as_dict(frame), ensure_ascii=False))
    else:
        Console().print(board(frame, frame.snapshot.taken_at))
