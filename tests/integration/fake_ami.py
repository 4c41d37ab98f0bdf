"""Asterisk's manager over real TCP: honest unless told otherwise, and it remembers every action."""

import asyncio
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager
from typing import Any, Final

from ivr.ami import Ami, Limits, Pace

SECRET: Final = "s3cret-of-the-reader"
BANNER: Final = b"Asterisk Call Manager/11.0.0\r\n"
FAST: Final = Pace(
    ready=5, answer=0.5, login=0.5, booted=0.5, ping_every=0.1, ping=0.5, again=0.02, again_most=0.1
)

Sent = dict[str, str]
# What is sent back on an action; None is silence.
Reply = Callable[["FakeSession", Sent], bytes | None]


def message(*lines: str) -> bytes:
    return "".join(f"{line}\r\n" for line in (*lines, "")).encode("utf-8", "surrogateescape")


def success(sent: Sent, text: str = "done", *more: str) -> bytes:
    return message("Response: Success", f"ActionID: {sent['ActionID']}", f"Message: {text}", *more)


def listed(sent: Sent, complete: str, *items: tuple[str, ...]) -> bytes:
    mine = f"ActionID: {sent['ActionID']}"
    end = message(f"Event: {complete}", mine, "EventList: Complete", f"ListItems: {len(items)}")
    parts = b"".join(message(*item, mine) for item in items)
    return success(sent, "list will follow", "EventList: start") + parts + end


def login(session: "FakeSession", sent: Sent) -> bytes:
    if sent["Secret"] != SECRET:
        mine = f"ActionID: {sent['ActionID']}"
        return message("Response: Error", mine, "Message: Authentication failed")
    booted = message("Event: FullyBooted", "Status: Fully Booted")
    return success(sent, "Authentication accepted") + booted


def channels(session: "FakeSession", sent: Sent) -> bytes:
    return listed(sent, "CoreShowChannelsComplete")


def queues(session: "FakeSession", sent: Sent) -> bytes:
    return listed(sent, "QueueStatusComplete", ("Event: QueueParams", "Queue: police"))


class FakeSession:
    """One connection of a client. `mute` sessions read, and answer nothing any more."""

    def __init__(self, manager: "FakeManager", writer: asyncio.StreamWriter) -> None:
        self.manager, self.writer, self.mute = manager, writer, False

    def send(self, data: bytes) -> None:
        self.writer.write(data)

    async def send_in_pieces(self, data: bytes, size: int = 1) -> None:
        """Each piece in a TCP segment of its own, as far as the loop can make it so."""
        for start in range(0, len(data), size):
            self.writer.write(data[start : start + size])
            await self.writer.drain()
            await asyncio.sleep(0)

    def cut(self) -> None:
        self.writer.transport.abort()


class FakeManager:
    def __init__(self) -> None:
        self.seen: list[Sent] = []
        self.sessions: list[FakeSession] = []
        self.mute = False
        self.banner = BANNER
        self.port = 0
        self.replies: dict[str, Reply] = {
            "Login": login,
            "Ping": lambda _, sent: success(sent, "Pong"),
            "CoreShowChannels": channels,
            "QueueStatus": queues,
        }

    @property
    def session(self) -> FakeSession:
        return self.sessions[-1]

    def count(self, action: str) -> int:
        return sum(sent["Action"] == action for sent in self.seen)

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        session = FakeSession(self, writer)
        session.mute = self.mute
        self.sessions.append(session)
        writer.write(self.banner)
        try:
            while True:
                block = (await reader.readuntil(b"\r\n\r\n")).decode()
                self._take(session, block)
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            writer.transport.abort()

    def _take(self, session: FakeSession, block: str) -> None:
        sent = dict(line.split(": ", 1) for line in block.strip().split("\r\n"))
        self.seen.append(sent)
        reply = self.replies.get(sent["Action"], lambda _, sent: success(sent))
        answer = reply(session, sent)
        if answer is not None and not session.mute:
            session.send(answer)


@asynccontextmanager
async def fake_manager() -> AsyncIterator[FakeManager]:
    manager = FakeManager()
    server = await asyncio.start_server(manager.serve, "127.0.0.1", 0)
    manager.port = server.sockets[0].getsockname()[1]
    try:
        yield manager
    finally:
        server.close()
        for session in manager.sessions:
            session.cut()
        await server.wait_closed()


def client(
    manager: FakeManager,
    *events: str,
    secret: str = SECRET,
    pace: Pace = FAST,
    limits: Limits | None = None,
) -> Ami:
    host, port = "127.0.0.1", manager.port
    return Ami(host, port, "l110-reader", secret, events=events, pace=pace, limits=limits)


async def until(condition: Callable[[], object], timeout_s: float = 5) -> None:
    async with asyncio.timeout(timeout_s):
        while not condition():  # noqa: ASYNC110  the server's lists have no event to await
            await asyncio.sleep(0.005)


def play(scene: Callable[[FakeManager], Coroutine[Any, Any, None]]) -> None:
    """Run a scene; an exception that nobody took, or a task left behind, fails the test."""
    faults: list[dict[str, Any]] = []

    async def whole() -> None:
        asyncio.get_running_loop().set_exception_handler(lambda _, fault: faults.append(fault))
        async with fake_manager() as manager:
            await scene(manager)
        await asyncio.sleep(0.01)
        left = asyncio.all_tasks() - {asyncio.current_task()}
        assert left == set()

    asyncio.run(whole())
    assert faults == []


JOIN = message("Event: QueueCallerJoin", "Queue: police")


async def again(manager: FakeManager, ami: Ami) -> None:
    """Until the client is back on a new connection."""
    await until(lambda: len(manager.sessions) > 1)
    await ami.ready(5)
