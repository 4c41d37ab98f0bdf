"""After every gap a snapshot."""

import asyncio
from collections.abc import Callable
from dataclasses import replace

import pytest

from ivr.ami import Event, Limits, Snapshot
from tests.integration.fake_ami import (
    FAST,
    JOIN,
    FakeManager,
    FakeSession,
    Sent,
    again,
    client,
    message,
    play,
    success,
    until,
)


def half_a_list(session: FakeSession, sent: Sent) -> None:
    session.send(success(sent, "will follow", "EventList: start"))
    session.writer.close()


@pytest.mark.parametrize(
    "end",
    [
        lambda session: session.cut(),
        lambda session: session.send(message("Event: Shutdown", "Shutdown: Cleanly")),
    ],
)
def test_after_a_lost_line_the_stream_goes_on_with_a_snapshot(end: Callable[[FakeSession], None]):
    async def scene(manager: FakeManager) -> None:
        async with client(manager, "QueueCallerJoin") as ami:
            stream = ami.events()
            assert isinstance(await anext(stream), Snapshot)
            manager.session.send(JOIN)
            assert isinstance(await anext(stream), Event)
            end(manager.session)
            assert isinstance(await anext(stream), Snapshot)
            manager.session.send(JOIN)
            assert isinstance(await anext(stream), Event)
            assert (manager.count("Login"), manager.count("QueueStatus")) == (2, 2)
            await stream.aclose()

    play(scene)


def test_a_line_that_is_lost_during_the_snapshot_gives_another_snapshot():
    async def scene(manager: FakeManager) -> None:
        honest = manager.replies["QueueStatus"]
        manager.replies["QueueStatus"] = lambda session, sent: (
            honest if len(manager.sessions) > 1 else half_a_list
        )(session, sent)
        async with client(manager) as ami:
            stream = ami.events()
            found = await anext(stream)
            assert isinstance(found, Snapshot)
            assert [queue.name for queue in found.queues] == ["police"]
            await stream.aclose()

    play(scene)


def test_an_event_that_comes_while_the_snapshot_is_taken_follows_it():
    async def scene(manager: FakeManager) -> None:
        honest = manager.replies["QueueStatus"]

        def told_meanwhile(session: FakeSession, sent: Sent) -> bytes | None:
            session.send(JOIN)
            return honest(session, sent)

        manager.replies["QueueStatus"] = told_meanwhile
        async with client(manager, "QueueCallerJoin") as ami:
            stream = ami.events()
            kinds = [type(await anext(stream)), type(await anext(stream))]
            assert kinds == [Snapshot, Event]
            await stream.aclose()

    play(scene)


def test_a_reader_that_stood_still_finds_a_snapshot_and_not_the_past():
    async def scene(manager: FakeManager) -> None:
        async with client(manager, "QueueCallerJoin", limits=Limits(events=100)) as ami:
            stream = ami.events()
            await anext(stream)
            for _ in range(50):
                manager.session.send(JOIN * 100)
                await asyncio.sleep(0)
            await until(lambda: ami.dropped)
            manager.session.cut()
            await again(manager, ami)
            assert isinstance(await anext(stream), Snapshot)
            await stream.aclose()

    play(scene)


def test_events_from_before_a_lost_line_do_not_follow_the_new_snapshot():
    async def scene(manager: FakeManager) -> None:
        async with client(manager, "QueueCallerJoin") as ami:
            stream = ami.events()
            await anext(stream)
            manager.session.send(JOIN * 5)
            assert (await ami.action("Getvar")).ok  # so the five have come, and wait
            manager.session.cut()
            await again(manager, ami)
            assert isinstance(await anext(stream), Snapshot)
            manager.session.send(message("Event: QueueCallerJoin", "Queue: new"))
            event = await anext(stream)
            assert isinstance(event, Event)
            assert event.fields["Queue"] == "new"
            await stream.aclose()

    play(scene)


def test_a_snapshot_that_is_not_answered_is_taken_again():
    async def scene(manager: FakeManager) -> None:
        honest = manager.replies["QueueStatus"]
        manager.replies["QueueStatus"] = lambda session, sent: (
            honest(session, sent) if manager.count("QueueStatus") > 1 else None
        )
        async with client(manager) as ami:
            stream = ami.events()
            assert isinstance(await anext(stream), Snapshot)
            assert (manager.count("QueueStatus"), len(manager.sessions)) == (2, 1)
            await stream.aclose()

    play(scene)


@pytest.mark.parametrize(("steady", "quick"), [(0.05, True), (1000.0, False)])
def test_a_line_that_stood_for_a_while_is_tried_at_once_again(steady: float, quick: bool):
    """The control counts every lost line as one more in a row."""

    async def scene(manager: FakeManager) -> None:
        pace = replace(FAST, steady=steady, again=0.02, again_most=5)
        async with client(manager, pace=pace) as ami:
            for _ in range(7):
                await ami.ready(5)
                await asyncio.sleep(0.1)
                manager.session.cut()
                await until(lambda: not ami.state.connected)
            began = asyncio.get_running_loop().time()
            await ami.ready(5)
            assert (asyncio.get_running_loop().time() - began < 0.4) is quick

    play(scene)
