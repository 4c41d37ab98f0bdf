"""A TCP relay that a test can freeze or cut."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress


class Relay:
    """Stands between us and Asterisk: may stop carrying (half-open) without closing anything."""

    def __init__(self) -> None:
        self.port = 0
        self.to_asterisk = b""
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
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, *, keep: bool
    ) -> None:
        self.writers.append(writer)
        with suppress(ConnectionError):
            while data := await reader.read(65536):
                self.to_asterisk += data if keep else b""
                if keep or writer not in self.frozen:
                    writer.write(data)
        writer.close()


@asynccontextmanager
async def relay_to(host: str, port: int) -> AsyncIterator[Relay]:
    relay = Relay()
    tasks: set[asyncio.Task[None]] = set()

    async def join(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        far_reader, far_writer = await asyncio.open_connection(host, port)
        for one in (
            relay.carry(reader, far_writer, keep=True),
            relay.carry(far_reader, writer, keep=False),
        ):
            tasks.add(asyncio.create_task(one))

    server = await asyncio.start_server(join, "127.0.0.1", 0)
    relay.port = server.sockets[0].getsockname()[1]
    try:
        yield relay
    finally:
        server.close()
        relay.cut()
        await asyncio.gather(*tasks, return_exceptions=True)
