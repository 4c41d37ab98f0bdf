"""panoramisk's FastAGI server, guarded. Arguments: host, port.

Without the guard a caller whose connection ends in the header turns its loop for ever, and with it
every other call; one that ends in a command is read as an answer.
"""

import asyncio
import sys

from panoramisk.fast_agi import Application, Request

CALL_WITHIN_S = 10.0


class Guarded:
    """A reader whose end is an error instead of endless nothing."""

    def __init__(self, reader: asyncio.StreamReader) -> None:
        self._reader = reader

    async def read(self, most: int) -> bytes:
        return self._or_end(await self._reader.read(most))

    async def readline(self) -> bytes:
        return self._or_end(await self._reader.readline())

    @staticmethod
    def _or_end(data: bytes) -> bytes:
        if not data:
            raise EOFError
        return data


async def intake(request: Request) -> None:
    heard = await request.send_command('GET OPTION l110/menu "2" 2000')
    key = chr(int(heard["result"][0]))
    await request.send_command(f'SET VARIABLE PEER_KEY "{key}"')


async def serve(host: str, port: int) -> None:
    application = Application(loop=asyncio.get_running_loop())
    application.add_route("intake", intake)

    async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            async with asyncio.timeout(CALL_WITHIN_S):
                await application.handler(Guarded(reader), writer)
        except (EOFError, OSError, TimeoutError):
            writer.close()

    server = await asyncio.start_server(handle, host, port, backlog=1024)
    await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(serve(sys.argv[1], int(sys.argv[2])))
