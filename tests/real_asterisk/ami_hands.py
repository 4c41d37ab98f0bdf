"""What tests of the manager's client hold: users, clients, and a relay to the real Asterisk."""

import asyncio
import os
import signal
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from typing import Final

import pytest
from panoramisk.manager import Manager

from ivr.ami import Ami, Limits, Pace
from scripts.asterisk_console import ask
from scripts.lab.waiting import wait_until
from tests.real_asterisk.relay import Relay, relay_to
from tests.real_asterisk.system import Records

# Each of these tests runs twice: as it is, and with its protection off. Then it must see the harm.
GUARDED: Final = pytest.mark.parametrize(
    "guarded",
    [
        pytest.param(True, id="guarded"),
        pytest.param(False, id="control", marks=pytest.mark.control(without="its protection")),
    ],
)
# A client that does not wait long; a half-open line is left after 0.4 to 0.7 s.
FAST: Final = Pace(booted=2, ping_every=0.4, ping=0.3, again=0.05, again_most=0.2)
# `wide` has no filter of events and may do all; `deaf` lacks read=system; `barred` is elsewhere.
USERS: Final = """
[l110-wide]
secret = wide
read = call,agent,system
write = all
[l110-deaf]
secret = deaf
read = call
write = reporting
[l110-barred]
secret = barred
deny = 0.0.0.0/0.0.0.0
permit = 10.0.0.1/255.255.255.255
read = system
write = reporting
"""
MEMBER: Final = {"Queue": "livelihood", "Interface": "Local/9@l110-nothing"}


def add_users(records: Records) -> None:
    """Users that no site has, beside the reader and the actor."""
    file = records.node.home.etc / "manager.conf"
    file.write_text(file.read_text() + USERS)
    ask(records.node.home, "manager reload")
    wait_until(
        lambda: "l110-barred" in ask(records.node.home, "manager show users"), "the users", 5
    )


def secret_of(records: Records, user: str) -> str:
    if user in ("reader", "actor"):
        return records.node.settings.secret_path(f"ami-{user}").read_text().strip()
    return user


def client(
    records: Records,
    user: str,
    *events: str,
    through: Relay | None = None,
    secret: str | None = None,
    pace: Pace | None = None,
    limits: Limits | None = None,
) -> Ami:
    ami = records.node.settings.ami
    host, port = ("127.0.0.1", through.port) if through else (ami.host, ami.port)
    known = secret_of(records, user) if secret is None else secret
    return Ami(host, port, f"l110-{user}", known, events=events, pace=pace, limits=limits)


@asynccontextmanager
async def panoramisk_alone(records: Records, user: str, through: Relay) -> AsyncIterator[Manager]:
    """The library as it is, for controls; its own connection lost is made anew after 2 s."""
    asyncio.get_running_loop().set_exception_handler(lambda *_: None)  # its faults are the point
    secret = secret_of(records, user)
    manager = Manager(
        host="127.0.0.1", port=through.port, username=f"l110-{user}", secret=secret,
        loop=asyncio.get_running_loop(),
    )  # fmt: skip
    manager.connect()
    await until(lambda: manager.authenticated, 5)
    try:
        yield manager
    finally:
        manager.close()


async def until(condition: Callable[[], object], timeout_s: float) -> None:
    async with asyncio.timeout(timeout_s):
        while not condition():  # noqa: ASYNC110  nothing outside this process has an event
            await asyncio.sleep(0.02)


def through_relay(records: Records, scene: Callable[[Relay], Awaitable[None]]) -> None:
    async def whole() -> None:
        ami = records.node.settings.ami
        async with relay_to(ami.host, ami.port) as relay:
            await scene(relay)

    asyncio.run(whole())


async def members(records: Records) -> set[str]:
    """Names of the livelihood queue's members, as Asterisk has them."""
    async with client(records, "reader") as ami:
        found = (await ami.snapshot()).queues
        return {m.name for queue in found if queue.name == "livelihood" for m in queue.members}


async def pause(actor: Ami, times: int = 1) -> None:
    """Each is one event QueueMemberPause for whoever listens."""
    for turn in range(times):
        paused = {**MEMBER, "Interface": "PJSIP/seat-7001", "Paused": str(turn % 2 == 0).lower()}
        assert (await actor.action("QueuePause", paused)).ok


def kick(records: Records, user: str) -> None:
    """End every session of a user, on Asterisk's console."""
    home = records.node.home
    for line in ask(home, "manager show connected").splitlines():
        match line.split():
            case [user_name, _, _, _, number, *_] if user_name == f"l110-{user}":
                ask(home, f"manager kick session {number}")


@contextmanager
def frozen(records: Records) -> Iterator[None]:
    pid = records.node.processes["asterisk"].pid
    os.kill(pid, signal.SIGSTOP)
    wait_until(lambda: _all_stopped(pid), "every thread to stand still", 5, every_s=0.01)
    try:
        yield
    finally:
        os.kill(pid, signal.SIGCONT)


def _all_stopped(pid: int) -> bool:
    states = [
        f.read_text().rpartition(") ")[2][0] for f in Path(f"/proc/{pid}/task").glob("*/stat")
    ]
    return set(states) == {"T"}


async def came(condition: Callable[[], object], within_s: float = 3) -> bool:
    """Whether it became true in time; Asterisk tells its events when it comes to it."""
    try:
        await until(condition, within_s)
    except TimeoutError:
        return False
    return True
