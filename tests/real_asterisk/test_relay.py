"""The relay of these tests closes all that it opened."""

import asyncio
import gc

import pytest

from tests.real_asterisk.relay import relay_to


async def hold(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    while await reader.read(100):
        pass
    writer.close()


@pytest.mark.parametrize("turns", range(6))
def test_a_connection_taken_just_before_the_relay_closes_is_closed_with_it(turns: int) -> None:
    """An open one would be told by the interpreter at its end, in whichever test runs then."""

    async def scene() -> None:
        far = await asyncio.start_server(hold, "127.0.0.1", 0)
        async with far, relay_to("127.0.0.1", far.sockets[0].getsockname()[1]) as relay:
            _, writer = await asyncio.open_connection("127.0.0.1", relay.port)
            for _ in range(turns):
                await asyncio.sleep(0)
            writer.close()

    asyncio.run(scene())
    gc.collect()
