import asyncio
import socket
from collections.abc import Awaitable, Callable

import pytest

from ivr.channel import Channel
from ivr.errors import AgiCommandRefused, CallerHungUp
from ivr.server import AgiServer, Limits
from ivr.wire import Request
from tests.integration.fake_asterisk import DONE, FakeCall, environment, play, serving

Serve = Callable[[int, AgiServer], Awaitable[None]]


async def one_command(channel: Channel, request: Request) -> None:
    await channel.set_variable("SEEN", request.leg)


async def raises(channel: Channel, request: Request) -> None:
    raise RuntimeError("a fault in a script")


async def until_hung_up(channel: Channel, request: Request) -> None:
    await channel.get_option("l110/menu", "12", 1000, within_s=60)


async def speaks_twice_at_once(channel: Channel, request: Request) -> None:
    first = channel.set_variable("A", "1")
    with pytest.raises(AgiCommandRefused):
        channel.set_variable("B", "2")
    await first


SCRIPTS = {
    "one": one_command,
    "raises": raises,
    "waits": until_hung_up,
    "twice": speaks_twice_at_once,
}
ONE = environment("one")


def serve(test: Serve, limits: Limits | None = None) -> AgiServer:
    async def main() -> AgiServer:
        async with serving(SCRIPTS, limits) as (port, server):
            await test(port, server)
        return server

    server = asyncio.run(main())
    assert server.counters.live == 0
    assert not any((server.connections, server.half_open, server.calls))
    return server


async def is_served(port: int) -> bool:
    return len(await asyncio.wait_for(play(port, hello=ONE), 1.0)) == 1


@pytest.mark.fault("B1", how="over TCP to the server")
def test_end_of_file_before_the_blank_line_delays_nobody() -> None:
    async def test(port: int, server: AgiServer) -> None:
        call = await FakeCall.dial(port, ONE[:-1])
        call.writer.write_eof()
        assert await call.is_closed(within_s=1.0)
        assert await is_served(port)

    assert serve(test).counters.unfinished == 1


@pytest.mark.fault("B2", how="over TCP to the server")
@pytest.mark.parametrize(
    "hello",
    [
        b"agi_network_script: one\n" + b"agi_x: " + b"y" * 16_400 + b"\n\n",
        b"y" * 17_000,
        b"\n",
    ],
)
def test_an_environment_without_end_is_closed_and_the_next_caller_served(hello: bytes) -> None:
    async def test(port: int, server: AgiServer) -> None:
        call = await FakeCall.dial(port, hello)
        assert await call.is_closed(within_s=1.0)
        assert await is_served(port)

    assert serve(test).counters.unfinished == 1


@pytest.mark.fault("B4", how="over TCP to the server")
def test_an_unknown_script_is_closed_without_a_verdict() -> None:
    async def test(port: int, server: AgiServer) -> None:
        assert await play(port, hello=environment("no-such")) == []

    assert serve(test).counters.refused == 1


def test_a_script_that_raises_ends_its_own_call_only() -> None:
    async def test(port: int, server: AgiServer) -> None:
        assert await play(port, hello=environment("raises")) == []
        assert await is_served(port)

    assert serve(test).counters.failed == 1


def test_a_caller_who_hangs_up_is_no_failure() -> None:
    async def test(port: int, server: AgiServer) -> None:
        call = await FakeCall.dial(port, environment("waits"))
        await call.until("GET OPTION")
        call.send("HANGUP\n")
        assert await call.is_closed()

    assert serve(test).counters.failed == 0


def test_only_one_command_is_in_flight() -> None:
    async def test(port: int, server: AgiServer) -> None:
        assert await play(port, hello=environment("twice")) == ["SET VARIABLE A 1"]

    assert serve(test).counters.failed == 0


def test_a_reply_to_no_command_ends_the_call() -> None:
    async def test(port: int, server: AgiServer) -> None:
        call = await FakeCall.dial(port, environment("waits"))
        await call.until("GET OPTION")
        call.send("garbage\n" + DONE + DONE)
        assert await call.is_closed()

    assert serve(test).counters.failed == 1


def test_the_environment_may_come_byte_by_byte() -> None:
    async def test(port: int, server: AgiServer) -> None:
        call = await FakeCall.connect(port)
        for at in range(len(ONE)):
            call.send(ONE[at : at + 1])
            await asyncio.sleep(0)
        assert await call.play() == ["SET VARIABLE SEEN n1-1795465608.1"]

    serve(test)


def test_a_connection_that_says_nothing_is_closed_within_its_limit() -> None:
    async def test(port: int, server: AgiServer) -> None:
        call = await FakeCall.connect(port)
        assert await call.is_closed(within_s=1.0)

    assert serve(test, Limits(environment_within_s=0.1)).counters.unfinished == 1


def test_by_default_a_silent_connection_lives_two_seconds() -> None:
    assert Limits().environment_within_s == 2.0


@pytest.mark.fault("11", how="over TCP to the server")
@pytest.mark.parametrize("limits", [Limits(), Limits(connections=50)])
def test_half_open_connections_keep_no_caller_waiting(limits: Limits) -> None:
    async def test(port: int, server: AgiServer) -> None:
        silent = await asyncio.gather(*(FakeCall.connect(port) for _ in range(200)))
        assert await is_served(port)
        closed = await asyncio.gather(*(call.is_closed(within_s=5.0) for call in silent))
        assert all(closed)

    assert serve(test, limits).counters.unfinished == 200


def test_over_the_cap_a_connection_is_closed_at_once_and_counted() -> None:
    async def test(port: int, server: AgiServer) -> None:
        live = [await FakeCall.dial(port, environment("waits")) for _ in range(3)]
        for call in live:
            await call.until("GET OPTION")
        assert server.counters.live == 3
        assert await (await FakeCall.connect(port)).is_closed(within_s=0.5)
        assert server.counters.refused == 1
        live[0].send(DONE)
        assert await live[0].is_closed()
        assert await is_served(port)
        for call in live[1:]:
            call.send("HANGUP\n")
            assert await call.is_closed()

    assert serve(test, Limits(connections=3)).counters.connections == 5


def test_stopping_lets_live_calls_end_and_takes_no_new_one() -> None:
    async def main() -> None:
        server = AgiServer(SCRIPTS)
        port = await server.start(port=0)
        call = await FakeCall.dial(port, environment("waits"))
        await call.until("GET OPTION")
        stopping = asyncio.create_task(server.stop(drain_s=5.0))
        await asyncio.sleep(0)
        with pytest.raises(ConnectionRefusedError):
            await FakeCall.connect(port)
        assert not stopping.done()
        call.send("200 result=50 endpos=1\n")
        await asyncio.wait_for(stopping, 1.0)
        assert await call.is_closed()
        assert server.counters.failed == 0

    asyncio.run(main())


def test_stopping_breaks_off_what_does_not_end_in_time() -> None:
    async def main() -> None:
        server = AgiServer(SCRIPTS)
        port = await server.start(port=0)
        call = await FakeCall.dial(port, environment("waits"))
        await call.until("GET OPTION")
        await asyncio.wait_for(server.stop(drain_s=0.05), 1.0)
        assert await call.is_closed(within_s=1.0)
        assert server.counters.live == 0

    asyncio.run(main())


def test_a_server_listens_on_loopback_unless_told_otherwise() -> None:
    async def main() -> None:
        server = AgiServer(SCRIPTS)
        port = await server.start(port=0)
        with socket.socket() as other:
            other.bind(("127.0.0.2", port))  # free, so nobody listens on every address
        await server.stop()
        await server.stop()  # twice does no harm

    asyncio.run(main())


def test_after_a_hang_up_no_command_is_written() -> None:
    late: list[BaseException] = []

    async def goes_on(channel: Channel, request: Request) -> None:
        for _ in range(2):
            try:
                await channel.set_variable("A", "1")
            except CallerHungUp as gone:
                late.append(gone)

    async def main() -> None:
        async with serving({"one": goes_on}) as (port, _):
            call = await FakeCall.dial(port, ONE)
            await call.command()
            call.send("HANGUP\n")
            assert await call.is_closed()

    asyncio.run(main())
    assert len(late) == 2
