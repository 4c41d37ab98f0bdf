"""What is said to and by the real Asterisk's manager: values, answers, events, each with a control.

docs/reliability-of-ami.md lists the hazards.
"""

import asyncio
from collections.abc import Iterator
from datetime import UTC, datetime

import pytest
from panoramisk.ami_protocol import AMIProtocol
from panoramisk.manager import Manager

from ivr.ami import Ami, Event, Snapshot
from ivr.ami_errors import AmiValueRefused
from ivr.ami_link import Link, _OneConnection, _WholeMessages
from ivr.ami_words import MAX_LINE, Fields, Value
from scripts.asterisk_console import ask
from tests.real_asterisk.ami_hands import (
    FAST,
    GUARDED,
    MEMBER,
    add_users,
    came,
    client,
    members,
    panoramisk_alone,
    pause,
    secret_of,
    through_relay,
    until,
)
from tests.real_asterisk.relay import Relay
from tests.real_asterisk.system import Records, node_alone
from tests.seen import nothing_left


@pytest.fixture(scope="module")
def node(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Records]:
    with node_alone(tmp_path_factory.mktemp("words"), 42) as records:
        add_users(records)
        ask(records.node.home, "dialplan add extension 9,1,Answer, into t-answers")
        yield records


@GUARDED
def test_a_character_cut_in_two_by_tcp_arrives_whole(node, guarded, monkeypatch) -> None:
    if not guarded:
        monkeypatch.setattr(_WholeMessages, "data_received", AMIProtocol.data_received)

    async def scene(relay: Relay) -> None:
        listener = client(node, "reader", "QueueMemberAdded", through=relay)
        async with client(node, "actor") as actor, listener as ami:
            stream = ami.events()
            await anext(stream)
            relay.pieces = 1
            assert (await actor.action("QueueAdd", {**MEMBER, "MemberName": "民生热线"})).ok
            event = await anext(stream)
            assert isinstance(event, Event)
            assert (event.fields["MemberName"] == "民生热线") is guarded
            assert (await actor.action("QueueRemove", MEMBER)).ok
            await stream.aclose()

    through_relay(node, scene)


@GUARDED
def test_bytes_that_are_no_utf8_are_seen(node, guarded, monkeypatch) -> None:
    if not guarded:
        monkeypatch.setattr(_WholeMessages, "data_received", AMIProtocol.data_received)

    async def scene() -> None:
        where = node.node.settings.ami
        _, writer = await asyncio.open_connection(where.host, where.port)
        login = (
            f"Action: Login\r\nUsername: l110-actor\r\nSecret: {secret_of(node, 'actor')}\r\n\r\n"
        )
        added = f"Action: QueueAdd\r\nQueue: livelihood\r\nInterface: {MEMBER['Interface']}\r\n"
        writer.write(f"{login}{added}MemberName: ".encode() + "张三".encode("gbk") + b"\r\n\r\n")
        async with asyncio.timeout(5):
            while len(named := await members(node)) < 3:
                pass
        writer.transport.abort()
        assert any("\ufffd" in name for name in named) is guarded
        async with client(node, "actor") as actor:
            assert (await actor.action("QueueRemove", MEMBER)).ok

    asyncio.run(scene())


@pytest.mark.fault("B52", how="CR LF in a value")
@GUARDED
def test_a_value_with_a_line_break_is_no_second_action(node, told, guarded, monkeypatch) -> None:
    if not guarded:
        for module in ("ivr.ami", "ivr.ami_link"):
            monkeypatch.setattr(
                f"{module}.checked_fields", lambda name, fields: {"Action": name, **fields}
            )
    second = "".join(f"{k}: {v}\r\n" for k, v in {"Action": "QueueAdd", **MEMBER}.items())

    async def scene() -> None:
        async with client(node, "actor") as actor:
            try:
                await actor.action("Getvar", {"Variable": f"X\r\n\r\n{second}MemberName: smuggled"})
            except AmiValueRefused:
                assert guarded
            smuggled = "smuggled" in await members(node)
            assert smuggled is not guarded
            assert (await actor.action("QueueRemove", MEMBER)).ok is not guarded
            done = "a second action ran" if smuggled else "refused before it was sent"
            told.records.append(done)

    with nothing_left(node.node, told):
        asyncio.run(scene())
    told.caller.append("no caller: a value of our own client's action")


@GUARDED
def test_a_line_is_never_longer_than_asterisk_reads(node, guarded, monkeypatch) -> None:
    if not guarded:
        monkeypatch.setattr("ivr.ami_words.MAX_LINE", 10_000)
    longest = "x" * (MAX_LINE - len("Value: "))

    async def scene() -> None:
        async with client(node, "actor") as actor:
            assert (await actor.action("Setvar", {"Variable": "T_LONG", "Value": longest})).ok
            answer = await actor.action("Getvar", {"Variable": "T_LONG"})
            assert answer.fields["Value"] == longest
            try:
                too_long = {"Variable": "T_LONG", "Value": longest + "x" * 100}
                assert not (await actor.action("Setvar", too_long)).ok
                assert not guarded
            except AmiValueRefused:
                assert guarded

    asyncio.run(scene())


def test_the_answer_of_queue_add_comes(node) -> None:
    async def scene(relay: Relay) -> None:
        async with client(node, "actor") as actor:
            assert (await actor.action("QueueAdd", MEMBER)).ok
            assert actor._keeper.link()._protocol.responses == {}  # type: ignore[union-attr]
            assert (await actor.action("QueueRemove", MEMBER)).ok
        async with panoramisk_alone(node, "actor", relay) as control:
            answer = control.send_action({"Action": "QueueAdd", **MEMBER})
            await until(lambda: b"Added interface" in relay.from_asterisk, 5)
            await asyncio.sleep(0.5)
            assert not answer.done()
            assert len(control.responses) == 1
        async with client(node, "actor") as actor:
            assert (await actor.action("QueueRemove", MEMBER)).ok

    through_relay(node, scene)


def test_an_originate_without_async_costs_no_connection(node) -> None:
    call: dict[str, Value] = {"Channel": "Local/9@t-answers", "Application": "Wait", "Data": "0.1"}

    async def scene(relay: Relay) -> None:
        async with client(node, "actor", through=relay, pace=FAST) as actor:
            assert (await actor.action("Originate", call)).message.endswith("queued")
            assert (actor.state.connected, relay.connections) == (True, 1)
        async with panoramisk_alone(node, "actor", relay) as control:
            answer = control.send_action({"Action": "Originate", **call})
            await until(lambda: relay.connections == 3, 5)
            assert not answer.done()

    through_relay(node, scene)


async def unguarded_listen(ami: Ami, callback) -> None:
    async for item in ami.events():
        callback(item)


@GUARDED
def test_a_callback_that_raises_gets_the_next_event(node, guarded, monkeypatch) -> None:
    if not guarded:
        monkeypatch.setattr(Ami, "listen", unguarded_listen)
    got: list[Snapshot | Event] = []

    def callback(item: Snapshot | Event) -> None:
        got.append(item)
        raise RuntimeError("a fault of ours")

    async def scene(relay: Relay) -> None:
        listener = client(node, "reader", "QueueMemberPause", through=relay)
        async with client(node, "actor") as actor, listener as ami:
            listening = asyncio.create_task(ami.listen(callback))
            await until(lambda: got, 5)
            await pause(actor, 2)
            assert await came(lambda: len(got) == 3) is guarded
            assert (len(got), ami.callbacks_failed) == ((3, 3) if guarded else (1, 0))
            assert relay.connections == 1
            listening.cancel()
            await asyncio.gather(listening, return_exceptions=True)

    through_relay(node, scene)


@GUARDED
def test_a_fault_in_taking_an_event_costs_no_connection(node, guarded, monkeypatch) -> None:
    if not guarded:
        monkeypatch.setattr(_WholeMessages, "handle_message", AMIProtocol.handle_message)

    def fault(_event: Event) -> None:
        raise RuntimeError("a fault of ours")

    async def scene(relay: Relay) -> None:
        listener = client(node, "reader", "QueueMemberPause", through=relay, pace=FAST)
        async with client(node, "actor") as actor, listener as ami:
            ami._keeper.on_event = fault
            ami._keeper.link()._on_event = fault
            asyncio.get_running_loop().set_exception_handler(lambda *_: None)
            await pause(actor, 2)
            assert await came(lambda: relay.connections > 1, 1) is not guarded
            await ami.ready(5)

    through_relay(node, scene)


def take_every_event(link: Link, _manager: Manager, message) -> None:
    fields = Fields(message.items())
    if fields.text("Event") == "FullyBooted":
        link.booted.set()
    link._on_event(Event(fields.text("Event"), fields, datetime.now(UTC)))


@GUARDED
def test_an_event_that_was_not_named_never_arrives(node, guarded, monkeypatch) -> None:
    """As a user without a filter in manager.conf."""
    if not guarded:
        monkeypatch.setattr(Link, "take_event", take_every_event)
        monkeypatch.setattr(
            _OneConnection,
            "register_event",
            lambda own, _, callback: Manager.register_event(own, "*", callback),
        )

    async def scene() -> None:
        async with client(node, "wide", "QueueMemberPause") as ami:
            stream = ami.events()
            await anext(stream)
            assert (await ami.action("QueueAdd", MEMBER)).ok
            assert (await ami.action("QueueRemove", MEMBER)).ok
            await pause(ami)
            event = await anext(stream)
            assert isinstance(event, Event)
            assert (event.name == "QueueMemberPause") is guarded
            await stream.aclose()

    asyncio.run(scene())
