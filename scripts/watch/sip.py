"""Whether Asterisk's SIP port answers: asked as the switch would, by OPTIONS from our own address.

A self-test goes through Local channels, and the manager through other threads: either can be well
while no call comes in. The node's SIP knows the name in From, so that no answer is a refusal.
"""

import asyncio
import secrets
import socket
from contextlib import suppress

from config.settings import Settings
from scripts.asterisk_config import PROBE

ANSWER_S = 3.0
SAID_AT_S = (0.0, 0.5, 1.0)  # a datagram may be lost where many come
AGAIN_S = 1.0  # what failed is soon tried again: an alarm must not outlive its cause


class SipEye:
    def __init__(self, settings: Settings) -> None:
        self._sip = settings.sip
        self._at: tuple[str, int] | None = None
        self._every_s = settings.health.sip_every_s
        self.problem: str | None = None

    async def keep(self) -> None:
        """Until cancelled; every 0 s means never."""
        while self._every_s:
            self.problem = await self.ask()
            every_s = min(self._every_s, AGAIN_S) if self.problem else self._every_s
            await asyncio.sleep(every_s)

    async def ask(self) -> str | None:
        """None: it answered, whatever it said; or its address is a name that nobody knows now."""
        try:
            at = self._at = self._at or await self._address()
        except OSError:
            return None  # a dead resolver says nothing of Asterisk
        try:
            async with asyncio.timeout(ANSWER_S):
                return await _asked(at)
        except TimeoutError:
            return f"no answer to OPTIONS within {ANSWER_S:g} s"
        except OSError as error:
            return f"it cannot be asked: {error.strerror or error}"

    async def _address(self) -> tuple[str, int]:
        """Looked up once; a resolver that hangs is waited for, so that it holds one thread only."""
        loop = asyncio.get_running_loop()
        found = await loop.getaddrinfo(self._sip.host, self._sip.port, type=socket.SOCK_DGRAM)
        host, port = found[0][4][:2]
        return str(host), int(port)


async def _asked(at: tuple[str, int]) -> str | None:
    """Raises OSError."""
    loop = asyncio.get_running_loop()
    question = Question(loop.create_future())
    line, _ = await loop.create_datagram_endpoint(
        lambda: question, local_addr=(at[0], 0), remote_addr=at
    )
    try:
        return await question.put(line)
    finally:
        line.close()


class Question(asyncio.DatagramProtocol):
    """One OPTIONS, said again while nobody answers."""

    def __init__(self, heard: asyncio.Future[str | None]) -> None:
        self._heard = heard
        self._token = secrets.token_hex(8)

    async def put(self, line: asyncio.DatagramTransport) -> str | None:
        saying = asyncio.create_task(self._say(line))
        try:
            return await self._heard
        finally:
            saying.cancel()

    async def _say(self, line: asyncio.DatagramTransport) -> None:
        text = options(
            line.get_extra_info("sockname"), line.get_extra_info("peername"), self._token
        )
        before = 0.0
        for at_s in SAID_AT_S:
            await asyncio.sleep(at_s - before)
            before = at_s
            line.sendto(text)

    def datagram_received(self, data: bytes, addr: object) -> None:
        del addr
        if data.startswith(b"SIP/2.0 ") and self._token.encode() in data:
            self._settle(None)

    def error_received(self, exc: Exception) -> None:
        """The kernel says so: nobody listens there."""
        if isinstance(exc, ConnectionRefusedError):
            self._settle("nobody listens there")

    def _settle(self, problem: str | None) -> None:
        with suppress(asyncio.InvalidStateError):
            self._heard.set_result(problem)


def options(own: tuple[str, int], node: tuple[str, int], token: str) -> bytes:
    """Without a user in its URI: it asks for the node itself, not for an extension."""
    here, there = _address(own), _address(node)
    lines = (
        f"OPTIONS sip:{there} SIP/2.0",
        f"Via: SIP/2.0/UDP {here};rport;branch=z9hG4bK{token}",
        "Max-Forwards: 1",
        f"From: <sip:{PROBE}@{here}>;tag={token}",
        f"To: <sip:{there}>",
        f"Call-ID: {token}",
        "CSeq: 1 OPTIONS",
        "Content-Length: 0",
    )
    return "\r\n".join([*lines, "", ""]).encode()


def _address(of: tuple[str, int]) -> str:
    return f"[{of[0]}]:{of[1]}" if ":" in of[0] else f"{of[0]}:{of[1]}"
