"""Events: by name, bounded, and no fault of one reaches the next."""

import asyncio

import pytest

from ivr.ami import Event, Limits, Snapshot
from ivr.ami_errors import (
    AmiValueRefused,
)
from tests.integration.fake_ami import (
    FakeManager,
    client,
    message,
    play,
    until,
)

JOIN = ("Event: QueueCallerJoin", "Queue: police")


def test_only_events_that_were_named_arrive():
    async def scene(manager: FakeManager) -> None:
        async with client(manager, "QueueCallerJoin") as ami:
            stream = ami.events()
            await anext(stream)
            manager.session.send(message("Event: Newchannel", "Channel: PJSIP/x"))
            manager.session.send(message("Event: FullyBooted"))
            manager.session.send(message("Event: QueueCallerJoins") + message(*JOIN))
            event = await anext(stream)
            assert isinstance(event, Event)
            assert event.name == "QueueCallerJoin"
            await stream.aclose()

    play(scene)


@pytest.mark.parametrize("pattern", ["*", "Queue*", "Queue?", "[A]", "", "A\r\nB"])
def test_a_pattern_is_no_event_name(pattern):
    async def scene(manager: FakeManager) -> None:
        with pytest.raises(AmiValueRefused):
            client(manager, pattern)

    play(scene)


def test_a_callback_that_raises_gets_the_next_event_over_the_same_connection():
    got: list[str] = []

    def callback(item: Snapshot | Event) -> None:
        got.append(item.fields["Queue"] if isinstance(item, Event) else "snapshot")
        raise RuntimeError("a fault of ours")

    async def scene(manager: FakeManager) -> None:
        async with client(manager, "QueueCallerJoin") as ami:
            listening = asyncio.create_task(ami.listen(callback))
            await until(lambda: got)
            manager.session.send(message(*JOIN) * 3)
            await until(lambda: len(got) == 4)
            assert ami.callbacks_failed == 4
            assert (await ami.action("Ping")).ok
            assert len(manager.sessions) == 1
            listening.cancel()
            await asyncio.wait([listening])

    play(scene)


@pytest.mark.parametrize(
    "deadline_s",
    [
        pytest.param(0.1, id="protected"),
        pytest.param(30, id="no-deadline", marks=pytest.mark.control(without="its deadline")),
    ],
)
def test_a_callback_that_hangs_gets_the_next_event(deadline_s: float):
    got: list[str] = []

    async def callback(item: Snapshot | Event) -> None:
        got.append(type(item).__name__)
        await asyncio.Event().wait()

    async def scene(manager: FakeManager) -> None:
        async with client(manager, "QueueCallerJoin") as ami:
            ami.limits = Limits(callback_s=deadline_s)
            listening = asyncio.create_task(ami.listen(callback))
            await until(lambda: got)
            manager.session.send(message(*JOIN))
            await asyncio.wait([listening], timeout=1)
            assert (got == ["Snapshot", "Event"]) is (deadline_s < 1)
            assert (ami.callbacks_failed == 2) is (deadline_s < 1)
            listening.cancel()
            await asyncio.wait([listening])

    play(scene)


@pytest.mark.parametrize(
    "nonsense",
    [
        b"no colon anywhere\r\n\r\n",
        b"Event: QueueCallerJoin\r\nEvent: QueueCallerLeave\r\n\r\n",
        b"Response: Success\r\nActionID: a\r\nActionID: b\r\n\r\n",
        b"Event: Shut\r\nActionID: \r\n\r\n",
        b"\r\n\r\n\r\n\r\n",
        b": \r\n\r\n",
        b"Response: Follows\r\n\r\n",
        b"Response: Fail\r\n\r\n",
        b"\xff\xfe\x00\r\n\r\n",
        b"Response: Success\r\nResult: %zz%\r\n\r\n",
    ],
)
def test_a_message_without_sense_costs_neither_the_connection_nor_the_next_one(nonsense):
    async def scene(manager: FakeManager) -> None:
        async with client(manager, "QueueCallerJoin") as ami:
            stream = ami.events()
            await anext(stream)
            manager.session.send(nonsense + message(*JOIN))
            event = await anext(stream)
            assert isinstance(event, Event)
            assert event.fields["Queue"] == "police"
            assert len(manager.sessions) == 1
            await stream.aclose()

    play(scene)


def test_more_events_than_are_kept_become_one_snapshot():
    async def scene(manager: FakeManager) -> None:
        async with client(manager, "QueueCallerJoin", limits=Limits(events=10)) as ami:
            stream = ami.events()
            await anext(stream)
            manager.session.send(message(*JOIN) * 500)
            await until(lambda: ami.dropped)
            assert (await ami.action("Ping")).ok
            assert isinstance(await anext(stream), Snapshot)
            assert ami.dropped == 11  # what came after them is in the snapshot
            manager.session.send(message(*JOIN))
            assert isinstance(await anext(stream), Event)
            assert manager.count("QueueStatus") == 2
            await stream.aclose()

    play(scene)


def test_events_have_one_reader_at_a_time():
    async def scene(manager: FakeManager) -> None:
        async with client(manager) as ami:
            stream = ami.events()
            await anext(stream)
            with pytest.raises(RuntimeError):
                await anext(ami.events())
            await stream.aclose()
            again = ami.events()
            assert isinstance(await anext(again), Snapshot)
            await again.aclose()

    play(scene)
