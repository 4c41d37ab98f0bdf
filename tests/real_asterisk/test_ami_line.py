"""A line to the real Asterisk that is lost, half-open, refused or frozen; each with a control."""

import asyncio
from collections.abc import Iterator
from dataclasses import replace

import pytest

from ivr.ami import Ami, Limits, Pace, Snapshot
from ivr.ami_errors import (
    AmiAnswerLost,
    AmiAway,
    AmiError,
    AmiLoginRefused,
    AmiNotBooted,
    AmiSilent,
)
from ivr.ami_keeper import Keeper
from ivr.ami_link import Link, LinkLimits
from tests.real_asterisk.ami_hands import (
    FAST,
    GUARDED,
    MEMBER,
    add_users,
    client,
    frozen,
    kick,
    through_relay,
    until,
)
from tests.real_asterisk.relay import Relay
from tests.real_asterisk.system import Records, node_alone


@pytest.fixture(scope="module")
def node(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Records]:
    with node_alone(tmp_path_factory.mktemp("line"), 44) as records:
        add_users(records)
        yield records


async def watch_without_ping(keeper: Keeper, link: Link) -> AmiError:
    await link.lost.wait()
    return link.problem or AmiAway()


@GUARDED
def test_a_half_open_line_is_left_and_made_anew(node, guarded, monkeypatch) -> None:
    if not guarded:
        monkeypatch.setattr(Keeper, "_watch", watch_without_ping)
    problems: list[AmiError | None] = []

    async def scene(relay: Relay) -> None:
        async with client(node, "reader", through=relay, pace=FAST) as ami:
            ami._keeper.on_change = lambda: problems.append(ami.state.problem)
            relay.freeze()
            await asyncio.sleep(2)
            assert isinstance(problems[0] if problems else None, AmiSilent) is guarded
            assert ami.state.connected  # the control's is a line that carries nothing
            try:
                assert (await ami.action("Ping", within_s=1)).ok
                assert guarded
            except AmiAnswerLost:
                assert not guarded

    through_relay(node, scene)


@GUARDED
def test_a_wrong_secret_is_tried_once(node, guarded, monkeypatch) -> None:
    if not guarded:
        log_in = Keeper._log_in

        async def log_in_as_if_away(keeper: Keeper, link: Link) -> None:
            try:
                await log_in(keeper, link)
            except AmiLoginRefused:
                raise AmiAway from None

        monkeypatch.setattr(Keeper, "_log_in", log_in_as_if_away)

    async def scene(relay: Relay) -> None:
        ami = client(node, "reader", through=relay, secret="wrong", pace=FAST)
        ami.start()
        with pytest.raises(AmiLoginRefused if guarded else AmiAway):
            await ami.ready(3)
        await asyncio.sleep(0.5)
        assert (relay.to_asterisk.count(b"Action: Login") == 1) is guarded
        await ami.close()

    through_relay(node, scene)


@GUARDED
def test_a_line_that_is_cut_again_and_again_is_tried_less_and_less(
    node, guarded, monkeypatch
) -> None:
    if not guarded:
        monkeypatch.setattr(Pace, "pause", lambda pace, _failed: pace.again)

    async def scene(relay: Relay) -> None:
        pace = replace(FAST, again=0.05, again_most=5)
        async with client(node, "reader", through=relay, pace=pace) as ami:
            relay.refuses = True
            relay.cut()
            await asyncio.sleep(2)
            # 25 to 50 ms, then twice as long each time; every 50 ms it would be near 40.
            assert (relay.connections <= 8) is guarded
            relay.refuses = False
            await ami.ready(6)

    through_relay(node, scene)


@GUARDED
def test_without_fullybooted_nothing_is_sent_and_the_reason_is_told(
    node, guarded, monkeypatch
) -> None:
    """A user without read=system, whom Asterisk never sends it."""
    if not guarded:
        made = Link.__init__

        def booted_at_once(link: Link, *told: object) -> None:
            made(link, *told)  # type: ignore[arg-type]
            link.booted.set()

        monkeypatch.setattr(Link, "__init__", booted_at_once)

    async def scene(relay: Relay) -> None:
        ami = client(node, "deaf", through=relay, pace=replace(FAST, booted=0.5, again_most=5))
        ami.start()
        problem = asyncio.create_task(until(lambda: ami.state.problem or ami.state.connected, 5))
        await problem
        assert isinstance(ami.state.problem, AmiNotBooted) is guarded
        if guarded:
            with pytest.raises(AmiAway, match="read=system"):
                await ami.action("QueueStatus")
            assert b"QueueStatus" not in relay.to_asterisk
        await ami.close()

    through_relay(node, scene)


def without_deadline(monkeypatch: pytest.MonkeyPatch) -> None:
    ask = Link.ask

    async def ask_for_ever(link: Link, name, fields, _within_s, *, counted=True):
        return await ask(link, name, fields, 3600, counted=counted)

    monkeypatch.setattr(Link, "ask", ask_for_ever)


@GUARDED
def test_no_answer_is_waited_for_without_end(node, guarded, monkeypatch) -> None:
    if not guarded:
        without_deadline(monkeypatch)

    async def scene() -> None:
        async with client(node, "reader") as ami:
            with frozen(node), pytest.raises(AmiAnswerLost if guarded else TimeoutError):
                await asyncio.wait_for(ami.action("QueueStatus", within_s=0.5), 2)

    asyncio.run(scene())


@GUARDED
def test_no_login_is_waited_for_without_end(node, guarded, monkeypatch) -> None:
    if not guarded:
        without_deadline(monkeypatch)

    async def scene() -> None:
        ami = client(node, "reader", pace=replace(FAST, login=0.5))
        with frozen(node):
            ami.start()
            await asyncio.sleep(1.5)
            assert (ami.state.problem is not None) is guarded
        await ami.ready(5)
        await ami.close()

    asyncio.run(scene())


@GUARDED
def test_no_connection_is_waited_for_without_end(node, guarded) -> None:
    """A frozen Asterisk whose backlog is full: the next SYN is lost."""
    where = node.node.settings.ami
    limits = Limits(link=LinkLimits(connect_s=0.5 if guarded else 60))

    async def scene() -> None:
        held: list[asyncio.StreamWriter] = []
        with frozen(node):
            try:
                while len(held) < 5000:
                    async with asyncio.timeout(0.3):
                        held.append((await asyncio.open_connection(where.host, where.port))[1])
            except TimeoutError:
                pass
            ami = client(node, "reader", pace=FAST, limits=limits)
            ami.start()
            await asyncio.sleep(1.5)
            assert ("TimeoutError" in str(ami.state.problem)) is guarded
            for writer in held:
                writer.transport.abort()
        await ami.close()

    asyncio.run(scene())
    node.node.wait_for("asterisk")


@GUARDED
def test_what_happened_while_the_session_was_kicked_is_in_the_next_snapshot(
    node, guarded, monkeypatch
) -> None:
    if not guarded:
        monkeypatch.setattr(Ami, "_changed", lambda _ami: None)
    pace = replace(FAST, again=0.8, again_most=0.8)

    async def scene() -> None:
        listener = client(node, "reader", "QueueMemberAdded", pace=pace)
        async with client(node, "actor") as actor, listener as ami:
            stream = ami.events()
            assert isinstance(await anext(stream), Snapshot)
            await asyncio.to_thread(kick, node, "reader")
            await until(lambda: not ami.state.connected, 5)
            assert (await actor.action("QueueAdd", {**MEMBER, "MemberName": "meanwhile"})).ok
            try:
                found = await asyncio.wait_for(anext(stream), 3)
                assert isinstance(found, Snapshot)
                assert "meanwhile" in {m.name for q in found.queues for m in q.members}
                assert guarded
            except TimeoutError:
                assert not guarded
            assert (await actor.action("QueueRemove", MEMBER)).ok

    asyncio.run(scene())
