import asyncio
from collections.abc import Callable, Coroutine
from typing import Any

import pytest

from ivr.channel import Channel, pressed_key
from ivr.errors import (
    AgiClosed,
    AgiCommandFailed,
    AgiError,
    AgiProtocolError,
    AgiTimeout,
    CallerHungUp,
    PromptFailed,
)
from ivr.wire import Reply


class Transport(asyncio.WriteTransport):
    def __init__(self) -> None:
        super().__init__()
        self.written: list[bytes] = []

    def write(self, data: bytes | bytearray | memoryview) -> None:
        self.written.append(bytes(data))


def on_channel(test: Callable[[Channel, Transport], Coroutine[Any, Any, None]]) -> None:
    async def main() -> None:
        transport = Transport()
        channel = Channel(transport, asyncio.get_running_loop(), reply_within_s=0.02)
        await asyncio.wait_for(test(channel, transport), 2.0)

    asyncio.run(main())


def test_a_command_is_on_its_way_before_it_is_awaited() -> None:
    async def test(channel: Channel, transport: Transport) -> None:
        pending = channel.set_variable("A", "1")
        assert transport.written == [b"SET VARIABLE A 1\n"]
        channel.take_reply(Reply(200, 1))
        assert await pending == Reply(200, 1)

    on_channel(test)


@pytest.mark.parametrize(
    ("seconds", "word"), [(9.4, b"9.4"), (9.0, b"9"), (10.0, b"10"), (7.4000001, b"7.4")]
)
def test_the_guard_is_armed_in_seconds(seconds: float, word: bytes) -> None:
    async def test(channel: Channel, transport: Transport) -> None:
        channel.arm_guard(seconds).cancel()
        assert transport.written == [b"SET VARIABLE TIMEOUT(absolute) " + word + b"\n"]

    on_channel(test)


@pytest.mark.parametrize(
    ("finish", "error"),
    [
        (Channel.hang_up, CallerHungUp),
        (Channel.lose, AgiClosed),
        (lambda channel: channel.end(AgiProtocolError("x")), AgiProtocolError),
        (lambda channel: None, AgiTimeout),
    ],
)
def test_a_channel_that_is_over_fails_this_command_and_every_later_one(
    finish: Callable[[Channel], None], error: type[AgiError]
) -> None:
    async def test(channel: Channel, transport: Transport) -> None:
        pending = channel.set_variable("A", "1")
        finish(channel)
        with pytest.raises(error):
            await pending
        channel.lose()
        channel.take_reply(Reply(200, 1))
        with pytest.raises(error):
            channel.set_variable("B", "2")
        assert len(transport.written) == 1

    on_channel(test)


def test_a_refused_command_leaves_the_channel_usable() -> None:
    async def test(channel: Channel, transport: Transport) -> None:
        pending = channel.set_variable("A", "1")
        channel.take_reply(Reply(511, -1, "dead"))
        with pytest.raises(AgiCommandFailed, match="511 dead"):
            await pending
        again = channel.set_variable("A", "1")
        channel.take_reply(Reply(200, 1))
        await again

    on_channel(test)


def test_a_channel_that_stays_is_usable() -> None:
    async def test(channel: Channel, transport: Transport) -> None:
        channel.reply_within_s = 1.0
        await channel.stay()
        again = channel.set_variable("A", "1")
        channel.take_reply(Reply(200, 1))
        await again

    on_channel(test)


@pytest.mark.parametrize("finish", [Channel.hang_up, Channel.lose])
def test_a_hang_up_right_after_a_broken_command_is_noticed(
    finish: Callable[[Channel], None],
) -> None:
    async def test(channel: Channel, transport: Transport) -> None:
        channel.reply_within_s = 1.0
        asyncio.get_running_loop().call_soon(finish, channel)
        with pytest.raises(CallerHungUp):
            await channel.stay()

    on_channel(test)


def test_a_reply_to_no_command_ends_the_channel() -> None:
    async def test(channel: Channel, transport: Transport) -> None:
        channel.take_reply(Reply(200, 1))
        with pytest.raises(AgiProtocolError):
            channel.set_variable("A", "1")

    on_channel(test)


@pytest.mark.parametrize(("result", "key"), [(50, "2"), (42, "*"), (65, "A"), (0, None)])
def test_the_reply_of_get_option_holds_the_key(result: int, key: str | None) -> None:
    assert pressed_key(Reply(200, result, None, 1)) == key


@pytest.mark.parametrize("result", [-1, 7, 200])
def test_a_result_that_is_no_key_is_a_failed_prompt(result: int) -> None:
    with pytest.raises(PromptFailed):
        pressed_key(Reply(200, result))
