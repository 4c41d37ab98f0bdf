"""A few pages of text over HTTP for a watcher: GET only, one answer a connection, bounded."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from typing import NamedTuple

import structlog

LONGEST_REQUEST = 4096
REQUEST_WITHIN_S = 2.0
MOST_CONNECTIONS = 32
TEXT, JSON = "text/plain; charset=utf-8", "application/json"

log = structlog.get_logger(__name__)


class Page(NamedTuple):
    body: str
    status: str = "200 OK"
    kind: str = TEXT


Pages = Mapping[str, Callable[[], Awaitable[Page]]]


class PageServer:
    """Serves in the loop that it is started in: an answer is the proof that this loop turns."""

    def __init__(self, pages: Pages) -> None:
        self._pages = pages
        self._open = 0
        self._server: asyncio.Server | None = None

    async def start(self, host: str, port: int) -> bool:
        """False: the port is not to be had. Nobody's call depends on these pages."""
        try:
            self._server = await asyncio.start_server(
                self._serve, host, port, limit=LONGEST_REQUEST, backlog=MOST_CONNECTIONS
            )
        except OSError as error:
            log.error("health.no_port", host=host, port=port, error=str(error))
            return False
        return True

    async def stop(self) -> None:
        if self._server is not None:
            self._server.close()
            self._server = None

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._open += 1
        try:
            with suppress(OSError, TimeoutError, ValueError, asyncio.IncompleteReadError):
                if self._open <= MOST_CONNECTIONS:
                    async with asyncio.timeout(REQUEST_WITHIN_S):
                        await self._answer(reader, writer)
        finally:
            self._open -= 1
            writer.close()

    async def _answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = (await reader.readuntil(b"\r\n\r\n")).split(b"\r\n", 1)[0].decode("latin-1")
        page = await self._page(head)
        body = page.body.encode()
        writer.write(
            f"HTTP/1.1 {page.status}\r\nContent-Type: {page.kind}\r\n"
            f"Content-Length: {len(body)}\r\n"
            "Cache-Control: no-store\r\nConnection: close\r\n\r\n".encode()
            + body
        )
        await writer.drain()

    async def _page(self, head: str) -> Page:
        method, _, rest = head.partition(" ")
        if method != "GET":
            return Page("GET only\n", "405 Method Not Allowed")
        make = self._pages.get(rest.split(" ", 1)[0].split("?", 1)[0])
        return await make() if make else Page("not here\n", "404 Not Found")


async def fetch(host: str, port: int, path: str, within_s: float) -> tuple[int, str]:
    """Status and body of one GET.

    Raises:
        OSError: nobody there. TimeoutError: no answer in time. ValueError: it is no HTTP.
    """
    async with asyncio.timeout(within_s):
        reader, writer = await asyncio.open_connection(host, port)
        try:
            writer.write(f"GET {path} HTTP/1.1\r\nHost: {host}\r\n\r\n".encode())
            head, _, body = (await reader.read()).partition(b"\r\n\r\n")
        finally:
            writer.close()
    words = head.split(b"\r\n", 1)[0].split()
    if len(words) < 2 or not words[1].isdigit():
        raise ValueError("no HTTP")
    return int(words[1]), body.decode("utf-8", "replace")
