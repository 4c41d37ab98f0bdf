"""A small desk in a process of its own, which a test may stop: who is paused, line by line.

    python -m tests.real_asterisk.ami_watcher HOST PORT USER SECRET_FILE [--without-snapshots]

A line is what it believes of the seat in one queue: `snapshot True`, `event False`. With the
option, the control, it takes no snapshot after a gap.
"""

import asyncio
import sys
from pathlib import Path

from ivr.ami import Ami, Event, Snapshot
from tests.real_asterisk.ami_hands import FAST

QUEUE = "police-menu-off"  # where nobody waits


def told(item: Snapshot | Event) -> str:
    if isinstance(item, Event):
        return f"event {item.fields['Paused'] == '1'}"
    paused = [m.paused for queue in item.queues for m in queue.members if queue.name == QUEUE]
    return f"snapshot {any(paused)}"


async def watch(address: tuple[str, int], user: str, secret: str) -> None:
    events = ("QueueMemberPause",)
    ami = Ami(*address, user, secret, events=events, pace=FAST)
    ami.start()
    await ami.listen(lambda item: print(told(item), flush=True))


if __name__ == "__main__":
    host, port, user, file = sys.argv[1:5]
    if "--without-snapshots" in sys.argv:
        setattr(Ami, "_changed", lambda _ami: None)  # noqa: B010  mypy knows it as a method
    asyncio.run(watch((host, int(port)), user, Path(file).read_text().strip()))
