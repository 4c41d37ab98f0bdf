"""The FastAGI server: one asyncio.Protocol per connection, one task per call."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Final, cast

import structlog
from structlog.contextvars import bind_contextvars

from ivr.channel import REPLY_WITHIN_S, Channel
from ivr.errors import AgiClosed, AgiError, CallerHungUp
from ivr.wire import Reply, Request, Signal, Wire

Script = Callable[[Channel, Request], Awaitable[None]]

LOOPBACK: Final = "127.0.0.1"
# The kernel caps it at net.core.somaxconn; a full backlog costs the caller 2 s.
BACKLOG: Final = 4096

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Limits:
    connections: int = 512
    environment_within_s: float = 2.0
    reply_within_s: float = REPLY_WITHIN_S


@dataclass(slots=True)
class Counters:
    """connections: ever taken. live: open now. refused: over the cap or of an unknown script.
    unfinished: closed before their environment was whole. left: callers who hung up meanwhile,
    which Asterisk mostly tells by closing. failed: scripts that came to any other error.
    """

    connections: int = 0
    live: int = 0
    refused: int = 0
    unfinished: int = 0
    left: int = 0
    failed: int = 0


class AgiServer:
    """Hands each call to the script that its URL names. No failure of one call reaches another."""

    def __init__(self, scripts: Mapping[str, Script], limits: Limits | None = None) -> None:
        self.scripts = scripts
        self.limits = limits or Limits()
        self.counters = Counters()
        self.connections: set[Connection] = set()
        self.half_open: dict[Connection, None] = {}
        self.calls: set[asyncio.Task[None]] = set()
        self._listener: asyncio.Server | None = None

    async def start(self, host: str = LOOPBACK, port: int = 4573) -> int:
        """Listen, and give the port back (it is chosen by the kernel if `port` is 0)."""
        loop = asyncio.get_running_loop()
        self._listener = await loop.create_server(
            lambda: Connection(self, loop), host, port, backlog=BACKLOG
        )
        return int(self._listener.sockets[0].getsockname()[1])

    @property
    def listens(self) -> bool:
        return self._listener is not None and self._listener.is_serving()

    async def stop(self, drain_s: float = 10.0) -> None:
        """Take no new call, let the live ones end within `drain_s`, break off the rest."""
        if self._listener is None:
            return
        self._listener.close()
        for connection in list(self.half_open):
            connection.abort()
        if self.calls:
            await asyncio.wait(self.calls, timeout=drain_s)
        for connection in list(self.connections):
            connection.abort()
        await self._cancel_calls()
        await self._listener.wait_closed()
        self._listener = None

    async def _cancel_calls(self) -> None:
        left = list(self.calls)
        for call in left:
            call.cancel()
        await asyncio.gather(*left, return_exceptions=True)

    def make_room(self) -> bool:
        """Whether one more connection may stay; the oldest that has said nothing yet gives way."""
        if len(self.connections) < self.limits.connections:
            return True
        oldest = next(iter(self.half_open), None)
        if oldest is None:
            return False
        oldest.abort("made-room")
        return True


class Connection(asyncio.Protocol):
    __slots__ = ("_channel", "_loop", "_server", "_timer", "_transport", "_wire")

    _transport: asyncio.Transport

    def __init__(self, server: AgiServer, loop: asyncio.AbstractEventLoop) -> None:
        self._server = server
        self._loop = loop
        self._wire = Wire()
        self._channel: Channel | None = None
        self._timer: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)
        server = self._server
        server.counters.connections += 1
        if not server.make_room():
            server.counters.refused += 1
            log.warning("agi.refused", reason="too-many-connections")
            self._transport.abort()
            return
        server.counters.live += 1
        server.connections.add(self)
        server.half_open[self] = None
        self._timer = self._loop.call_later(
            server.limits.environment_within_s, self.abort, "too-slow"
        )

    def data_received(self, data: bytes) -> None:
        for event in self._wire.feed(data):
            channel = self._channel
            if type(event) is Request:
                self._greet(event)
            elif channel is None:
                self.abort(str(event))
            elif type(event) is Reply:
                channel.take_reply(event)
            elif event is Signal.HANGUP:
                channel.hang_up()
            elif isinstance(event, AgiError):
                channel.end(event)

    def connection_lost(self, exc: Exception | None) -> None:
        self._leave()

    def abort(self, reason: str = "stopped") -> None:
        """Close at once, without sending what is still unsent."""
        self._transport.abort()
        self._leave(reason)

    def _leave(self, reason: str = "closed") -> None:
        server = self._server
        if self not in server.connections:
            return
        server.connections.remove(self)
        server.counters.live -= 1
        if self in server.half_open:
            self._opened()
            server.counters.unfinished += 1
            log.warning("agi.unfinished", reason=reason)
        if self._channel is not None:
            self._channel.lose()

    def _opened(self) -> None:
        self._server.half_open.pop(self, None)
        if self._timer is not None:
            self._timer.cancel()

    def _greet(self, request: Request) -> None:
        self._opened()
        script = self._server.scripts.get(request.script)
        if script is None:
            self._server.counters.refused += 1
            about = {"script": request.script[:80], "leg": request.leg}
            log.warning("agi.refused", reason="unknown-script", **about)
            self.abort()
            return
        limits = self._server.limits
        self._channel = Channel(self._transport, self._loop, limits.reply_within_s)
        call = self._loop.create_task(self._run(script, self._channel, request))
        self._server.calls.add(call)
        call.add_done_callback(self._server.calls.discard)

    async def _run(self, script: Script, channel: Channel, request: Request) -> None:
        bind_contextvars(leg=request.leg)  # of this call's task alone
        try:
            await script(channel, request)
        except (CallerHungUp, AgiClosed):
            self._server.counters.left += 1
        except AgiError as error:
            self._failed(request, error, trace=False)
        except Exception as error:
            self._failed(request, error, trace=True)
        finally:
            self._transport.close()

    def _failed(self, request: Request, error: Exception, *, trace: bool) -> None:
        self._server.counters.failed += 1
        log.error(
            "agi.failed",
            script=request.script,
            leg=request.leg,
            error=f"{type(error).__name__}: {error}"[:200],
            exc_info=trace,
        )
