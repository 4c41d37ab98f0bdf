"""A TCP relay that a test can freeze, cut, or make deliver in pieces."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress


class Relay:
    """Stands between us and Asterisk: may stop carrying (half-open) without closing anything.

    `pieces`: so many bytes a segment on the way to us. `refuses`: whoever connects is cut off.
    """

    def __init__(self) -> None:
        self.port = 0
        self.connections = 0
        self.pieces = 0
        self.refuses = False
        self.to_asterisk = b""
        self.from_asterisk = b""
        self.writers: list[asyncio.StreamWriter] = []
        self.frozen: set[asyncio.StreamWriter] = set()

    def freeze(self) -> None:
        """What comes back on the connections that stand now is lost; new ones are carried."""
        self.frozen |= set(self.writers)

    def cut(self) -> None:
        for writer in self.writers:
            writer.transport.abort()
        self.writers.clear()

    async def carry(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, *, to_us: bool
    ) -> None:
        with suppress(ConnectionError):
            while data := await reader.read(65536):
                if not to_us:
                    self.to_asterisk += data
                    writer.write(data)
                elif writer not in self.frozen:
                    self.from_asterisk += data
                    await self.deliver(writer, data)
        writer.close()
        with suppress(ConnectionError):
            await writer.wait_closed()

    async def deliver(self, writer: asyncio.StreamWriter, data: bytes) -> None:
        size = self.pieces or len(data)
        for start in range(0, len(data), size):
            writer.write(data[start : start + size])
            await writer.drain()
            await asyncio.sleep(0)


@asynccontextmanager
async def relay_to(host: str, port: int) -> AsyncIterator[Relay]:
    relay = Relay()
    tasks: set[asyncio.Task[None] | None] = set()

    async def join(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        relay.connections += 1
        if relay.refuses:
            writer.transport.abort()
            return
        # Known before the far end stands: the relay may be closed while that is still on its way.
        tasks.add(asyncio.current_task())
        relay.writers.append(writer)
        try:
            far_reader, far_writer = await asyncio.open_connection(host, port)
        except OSError:
            writer.transport.abort()
            return
        relay.writers.append(far_writer)
        await asyncio.gather(
            relay.carry(reader, far_writer, to_us=False),
            relay.carry(far_reader, writer, to_us=True),
        )

    server = await asyncio.start_server(join, "127.0.0.1", 0)
    relay.port = server.sockets[0].getsockname()[1]
    try:
        yield relay
    finally:
        server.close()
        relay.cut()
        await asyncio.gather(*filter(None, tasks), return_exceptions=True)
