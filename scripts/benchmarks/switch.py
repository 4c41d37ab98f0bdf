"""A switch in one process that does a REFER well, and times it by its own monotonic clock.

It needs no raw socket and so no root: it sends the callers' RTP itself.
"""

import asyncio
import itertools
import os
import socket
import time
from collections.abc import Callable, Sequence
from typing import Any

from scripts.benchmarks.sip import Address, parse
from scripts.benchmarks.switch_call import Call, Freed
from scripts.benchmarks.traffic import KEY_AT_S, STAYS_S, CallFailed, Stream

KEY = "2"
FIRST_AFTER_S = 0.1
RECEIVE_BYTES = 1 << 20
IGNORED_BYTES = 2048  # nobody listens to the prompts: what is over this the kernel drops


def refer_calls(stream: Stream, *, at: Address, media_port: int, to: Address) -> Sequence[Freed]:
    """Call 110 at the node `to` so often, press 2, and time how the node clears the trunk.

    Raises:
        CallFailed: a call went otherwise, or hangs.
        OSError: the switch's address is taken.
    """
    return asyncio.run(play_round(Switch, stream, at, media_port, to))


def speaking_calls(stream: Stream, *, at: Address, media_port: int, to: Address) -> None:
    """The call of `bench calls`, by callers whose telephones send sound from the answer on.

    Raises: as above.
    """
    asyncio.run(play_round(SpeakingCallers, stream, at, media_port, to))


async def play_round(
    kind: "Callable[..., Switch]", stream: Stream, at: Address, media_port: int, to: Address
) -> Sequence[Freed]:
    loop = asyncio.get_running_loop()
    signalling, media = _bound(at), _bound((at[0], media_port))
    signalling.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, RECEIVE_BYTES)
    media.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, IGNORED_BYTES)
    try:
        transport, switch = await loop.create_datagram_endpoint(
            lambda: kind(stream, at, media, to), sock=signalling
        )
        try:
            return await switch.play()
        finally:
            transport.close()
    finally:
        media.close()


def _bound(address: Address) -> socket.socket:
    made = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    made.setblocking(False)
    try:
        made.bind(address)
    except OSError:
        made.close()
        raise
    return made


class Switch(asyncio.DatagramProtocol):
    """All calls of one round. A first leg is over when it is cleared, a second when hung up."""

    def __init__(self, stream: Stream, at: Address, media: socket.socket, to: Address) -> None:
        self.here: Address = at
        self.media: Address = media.getsockname()[:2]
        self._stream, self._rtp, self._to = stream, media, to
        self._numbers = itertools.count(time.time_ns() // 1000 % 10**9 * 1000 + os.getpid() % 1000)
        self._calls: dict[str, Call] = {}
        self._live: set[str] = set()
        self._freed: list[Freed] = []
        self._begun = 0
        self._over: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    def connection_made(self, transport: Any) -> None:  # noqa: ANN401  (asyncio types it as base)
        self._transport: asyncio.DatagramTransport = transport

    def datagram_received(self, data: bytes, addr: tuple[str | Any, int]) -> None:
        at_ns = time.monotonic_ns()
        got = parse(data)
        call = self._calls.get(got.headers.get("call-id", ""))
        if call is None:
            return  # OPTIONS or the like: the node lives without an answer
        if problem := call.take(got, at_ns):
            self._fail(f"call {call.call_id}: {problem}")

    async def play(self) -> Sequence[Freed]:
        """Raises CallFailed."""
        loop = asyncio.get_running_loop()
        loop.set_exception_handler(lambda _, said: self._fail(repr(said.get("exception", said))))
        begin = loop.time() + FIRST_AFTER_S
        for number in range(self._stream.calls):
            loop.call_at(begin + number / self._stream.rate, self._begin, f"139{number:08d}")
        try:
            await asyncio.wait_for(self._over, self._stream.longest_s)
        except TimeoutError:
            raise CallFailed(f"{len(self._live)} legs hang, one of them {self._a_live()}") from None
        return self._freed

    @property
    def freed(self) -> Sequence[Freed]:
        return self._freed

    def send(self, data: bytes) -> None:
        self._transport.sendto(data, self._to)

    def send_rtp(self, data: bytes, to: Address) -> None:
        self._rtp.sendto(data, to)

    def bring_back(self, referred: Call, uri: str) -> None:
        """The caller comes in on the livelihood trunk; the node's answer is our final word."""
        user = uri.partition("@")[0]

        def answered(second: Call) -> None:
            referred.say("200 OK", final=True)
            second.hang_up_in(STAYS_S)

        self._call("13900000000", f"{user}@{self._to[0]}:{self._to[1]}", answered)

    def ended(self, call: Call) -> None:
        if call.freed:
            self._freed.append(call.freed)
        self._live.discard(call.call_id)
        if self._begun == self._stream.calls and not self._live and not self._over.done():
            self._over.set_result(None)

    def _begin(self, caller: str) -> None:
        self._begun += 1
        uri = f"sip:110@{self._to[0]}:{self._to[1]}"
        self._call(caller, uri, self._answered)

    def _answered(self, call: Call) -> None:
        call.press(KEY)

    def _call(self, caller: str, uri: str, on_answer: Callable[[Call], None]) -> None:
        call = Call(self, next(self._numbers), caller, uri, on_answer)
        self._calls[call.call_id] = call
        self._live.add(call.call_id)
        call.invite()

    def _fail(self, problem: str) -> None:
        if not self._over.done():
            self._over.set_exception(CallFailed(problem))

    def _a_live(self) -> str:
        return min(self._live, default="not begun")


class SpeakingCallers(Switch):
    """They hang up by themselves, so a REFER is none of theirs."""

    def _answered(self, call: Call) -> None:
        call.press(KEY, speaks=True)
        call.hang_up_in(KEY_AT_S + STAYS_S)
