"""What the manager's client keeps is bounded, whatever the real Asterisk does; with controls."""

import asyncio
from collections.abc import Iterator

import pytest

from ivr.ami import Event, Limits, Snapshot
from ivr.ami_errors import AmiAnswerLost, AmiAnswerTooLong, AmiBroken, AmiBusy, AmiError
from ivr.ami_link import LinkLimits
from tests.real_asterisk.ami_hands import GUARDED, came, client, frozen, pause, through_relay
from tests.real_asterisk.relay import Relay
from tests.real_asterisk.system import Records, node_alone


@pytest.fixture(scope="module")
def node(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Records]:
    with node_alone(tmp_path_factory.mktemp("bounds"), 46) as records:
        yield records


@GUARDED
def test_actions_without_answers_are_bounded(node, guarded) -> None:
    limits = Limits(link=LinkLimits(pending=3 if guarded else 1000))

    async def scene() -> None:
        async with client(node, "reader", limits=limits) as ami:
            with frozen(node):
                asked = [ami.action("QueueStatus", within_s=1) for _ in range(10)]
                told = [type(e) for e in await asyncio.gather(*asked, return_exceptions=True)]
            assert told.count(AmiBusy) == (7 if guarded else 0)
            assert told.count(AmiAnswerLost) == (3 if guarded else 10)
            assert ami._keeper.link()._protocol.responses == {}  # type: ignore[union-attr]

    asyncio.run(scene())


@GUARDED
def test_an_answer_of_too_many_parts_is_not_kept(node, guarded) -> None:
    limits = Limits(link=LinkLimits(items=3)) if guarded else Limits()

    async def scene() -> None:
        async with client(node, "reader", limits=limits) as ami:
            try:
                assert len((await ami.action("QueueStatus")).items) > 3
                assert not guarded
            except AmiAnswerTooLong:
                assert guarded
            assert (await ami.action("Ping")).ok

    asyncio.run(scene())


@GUARDED
def test_a_message_of_too_many_bytes_is_not_kept(node, guarded) -> None:
    limits = Limits(link=LinkLimits(message_bytes=150)) if guarded else Limits()
    problems: list[AmiError | None] = []

    async def scene(relay: Relay) -> None:
        async with client(node, "reader", through=relay, limits=limits) as ami:
            ami._keeper.on_change = lambda: problems.append(ami.state.problem)
            relay.pieces = 1
            try:
                await ami.snapshot()
                assert not guarded
            except AmiAnswerLost:
                assert guarded
                assert isinstance(problems[0], AmiBroken)

    through_relay(node, scene)


@GUARDED
def test_events_that_nobody_takes_are_bounded_and_become_a_snapshot(node, guarded) -> None:
    limits = Limits(events=20 if guarded else 10**6)

    async def scene() -> None:
        listener = client(node, "reader", "QueueMemberPause", limits=limits)
        async with client(node, "actor") as actor, listener as ami:
            stream = ami.events()
            await anext(stream)
            await pause(actor, 100)
            assert await came(lambda: ami.dropped, 2) is guarded
            assert (len(ami._queue) <= 20) is guarded
            assert isinstance(await anext(stream), Snapshot if guarded else Event)
            await stream.aclose()

    asyncio.run(scene())
