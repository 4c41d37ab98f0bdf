"""The manager's wrapper and `l110 live` on a real Asterisk with real callers."""

import asyncio
import json
import subprocess
import sys
from collections.abc import Iterator

import pytest

from ivr.ami import Ami, Event, Snapshot
from ivr.ami_errors import AmiActionFailed, AmiAnswerLost, AmiLoginRefused
from ivr.ami_snapshot import SeatState
from ivr.ami_words import Value
from scripts.asterisk_console import ask
from scripts.cli.live import EVENTS
from scripts.lab.callers import HangUp, Press, Stay, Wait
from scripts.lab.seats import Manner
from scripts.lab.waiting import wait_until
from tests.real_asterisk.ami_hands import client, frozen, through_relay, until
from tests.real_asterisk.relay import Relay
from tests.real_asterisk.system import System, running_system

NEVER = Manner(answers=False)
POLICE, LIVELIHOOD = ("8001", "8002"), ("7001",)
RELEASED = "13800000003"


@pytest.fixture(scope="module")
def system(tmp_path_factory: pytest.TempPathFactory) -> Iterator[System]:
    with running_system(
        tmp_path_factory.mktemp("ami"),
        40,
        police=POLICE,
        livelihood=LIVELIHOOD,
        seats=dict.fromkeys((*POLICE, *LIVELIHOOD), NEVER),
    ) as system:
        yield system


def live(system: System, *options: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "scripts", "--config", str(system.node.config), "live"]
    return subprocess.run([*command, *options], capture_output=True, text=True, timeout=30)


@pytest.fixture
def three_wait(system: System) -> Iterator[System]:
    """Two wait for the police and one, who was released, for an operator."""
    town = system.town
    town.call("13800000001", [Wait(0.5), Press("1"), Stay(60)])
    town.call("13800000002", [Wait(0.5), Press("1"), Stay(60)])
    town.call(RELEASED, [Wait(0.5), Press("2"), Wait(1.5), Press("1"), Stay(60)])
    node = system.node.home
    wait_until(lambda: "has 1 calls" in ask(node, "queue show livelihood"), "a caller", 20)
    wait_until(lambda: "has 2 calls" in ask(node, "queue show police"), "two callers", 20)
    yield system
    ask(node, "channel request hangup all")
    system.assert_nothing_outlives_its_call()


def test_a_snapshot_has_the_callers_the_seats_and_the_lines(three_wait: System) -> None:
    async def scene() -> Snapshot:
        async with client(three_wait, "reader") as ami:
            return await ami.snapshot()

    found = asyncio.run(scene())
    waiting = {q.name: sorted(c.caller or "" for c in q.callers) for q in found.queues}
    assert waiting == {
        "police": ["13800000001", "13800000002"],
        "police-menu-off": [],
        "livelihood": [RELEASED],
    }
    seats = {m.name: m.state for q in found.queues for m in q.members}
    assert set(seats) == {"seat-8001", "seat-8002", "seat-7001"}
    assert seats["seat-7001"] is SeatState.RINGING
    trunk = [c for c in found.channels if c.name.startswith("PJSIP/l110-trunk-")]
    assert {c.caller for c in trunk} == {"13800000001", "13800000002", RELEASED}


def test_live_draws_lines_queues_and_seats_with_masked_numbers(three_wait: System) -> None:
    told = live(three_wait, "--once", "--json")
    assert (told.returncode, told.stderr) == (0, "")
    found = json.loads(told.stdout)
    assert (found["lines_in_use"], found["lines"], found["calls"]) == (2, 4, 3)
    waiting = {q["queue"]: sorted(c["caller"] for c in q["waiting"]) for q in found["queues"]}
    assert waiting["police"] == ["138****0001", "138****0002"]
    assert waiting["livelihood"] == ["138****0003"]
    seats = {s["seat"]: s for s in found["seats"]}
    assert seats["seat-8001"]["queues"] == ["police", "police-menu-off"]
    assert seats["seat-7001"]["state"] == "ringing"

    drawn = live(three_wait, "--once").stdout
    assert "警线占用 2/4" in drawn
    assert "138****0003" in drawn
    assert "1380000" not in drawn + told.stdout


def test_an_event_tells_who_joins_and_who_leaves(system: System) -> None:
    heard: list[Snapshot | Event] = []

    async def scene() -> None:
        async with client(system, "reader", *EVENTS) as ami:
            listening = asyncio.create_task(ami.listen(heard.append))
            await until(lambda: heard, 5)
            number = "13800000007"
            system.town.call(number, [Wait(0.5), Press("1"), Wait(2), HangUp()])
            await until(lambda: {"QueueCallerJoin", "QueueCallerLeave"} <= names(), 30)
            listening.cancel()
            await asyncio.wait([listening])

    def names() -> set[str]:
        return {item.name for item in heard if isinstance(item, Event)}

    asyncio.run(scene())
    (joined,) = [i for i in heard if isinstance(i, Event) and i.name == "QueueCallerJoin"]
    assert (joined.fields["Queue"], joined.fields["CallerIDNum"]) == ("police", "13800000007")
    assert names() <= set(EVENTS)
    system.assert_nothing_outlives_its_call()


def test_a_member_is_added_and_removed_and_a_refused_originate_is_answered(system: System) -> None:
    async def scene() -> None:
        member = {"Queue": "livelihood", "Interface": "Local/1@l110-nothing"}
        async with client(system, "actor") as ami:
            added = await ami.action("QueueAdd", {**member, "MemberName": "民生热线"})
            assert added.ok
            async with client(system, "reader") as reader:
                queues = (await reader.snapshot()).queues
                assert "民生热线" in {m.name for q in queues for m in q.members}
            assert (await ami.action("QueueRemove", member)).ok
            nowhere = {"Channel": "Local/1@l110-nothing", "Context": "l110-nothing"}
            call: dict[str, Value] = {**nowhere, "Exten": "1", "Priority": 1}
            assert not (await ami.action("Originate", call)).ok
            assert (await ami.action("Originate", {**call, "Async": "true"})).ok
            with pytest.raises(AmiActionFailed):
                await ami.snapshot()  # the actor acts, it does not read

    asyncio.run(scene())


def test_a_wrong_secret_is_refused_once_by_the_real_one(system: System) -> None:
    async def scene() -> None:
        host = system.node.settings.ami.host
        with pytest.raises(AmiLoginRefused, match="Authentication failed"):
            async with Ami(host, 5038, "l110-reader", "wrong"):
                pass

    asyncio.run(scene())


def test_live_says_what_is_wrong_with_the_secret(system: System) -> None:
    path = system.node.settings.secret_path("ami-reader")
    right = path.read_text()
    try:
        path.write_text("wrong")
        told = live(system, "--once")
        assert told.returncode == 1
        assert "Authentication failed" in told.stderr
        path.unlink()
        assert "no secret" in live(system, "--once").stderr
    finally:
        path.touch(mode=0o600)
        path.write_text(right)


def test_a_half_open_line_is_left_and_back_within_fifteen_seconds(system: System) -> None:
    async def scene(relay: Relay) -> None:
        async with client(system, "reader", *EVENTS, through=relay) as ami:
            stream = ami.events()
            assert isinstance(await anext(stream), Snapshot)
            began = asyncio.get_running_loop().time()
            relay.freeze()
            assert isinstance(await anext(stream), Snapshot)
            assert ami.state.connected
            assert asyncio.get_running_loop().time() - began < 15
            await stream.aclose()

    through_relay(system, scene)


def test_a_kicked_session_is_stale_at_once_and_then_has_a_snapshot(system: System) -> None:
    async def scene(relay: Relay) -> None:
        async with client(system, "reader", *EVENTS, through=relay) as ami:
            stream = ami.events()
            await anext(stream)
            relay.cut()
            await until(lambda: not ami.state.connected, 1)
            assert isinstance(await asyncio.wait_for(anext(stream), 5), Snapshot)
            await stream.aclose()

    through_relay(system, scene)


@pytest.mark.parametrize("action", ["Originate", "Redirect"])
def test_an_action_cut_off_from_its_answer_reaches_asterisk_once(
    system: System, action: str
) -> None:
    fields = {"Channel": "Local/1@l110-nothing", "Context": "l110-nothing", "Exten": "1"}

    async def scene(relay: Relay) -> None:
        async with client(system, "actor", through=relay) as ami:
            relay.freeze()
            asked = asyncio.create_task(ami.action(action, {**fields, "Priority": 1}))
            await until(lambda: f"Action: {action}".encode() in relay.to_asterisk, 5)
            relay.cut()
            with pytest.raises(AmiAnswerLost):
                await asked
            await ami.ready(10)
            assert (await ami.action("Ping")).ok
            assert relay.to_asterisk.count(f"Action: {action}".encode()) == 1

    through_relay(system, scene)


def test_idle_connections_keep_nobody_out_for_long(system: System) -> None:
    async def scene() -> None:
        ami = system.node.settings.ami
        idle = [await asyncio.open_connection(ami.host, ami.port) for _ in range(50)]
        reader = client(system, "reader")
        reader.start()
        await reader.ready(20)  # authtimeout has ended the idle ones after 5 s
        assert (await reader.action("Ping")).ok
        await reader.close()
        for _, writer in idle:
            writer.transport.abort()

    asyncio.run(scene())


def test_a_frozen_asterisk_does_once_what_it_was_asked_once(system: System) -> None:
    member = {"Queue": "livelihood", "Interface": "Local/2@l110-nothing", "MemberName": "once"}

    async def scene() -> None:
        async with client(system, "actor") as ami, client(system, "reader") as reader:
            with frozen(system):
                with pytest.raises(AmiAnswerLost):
                    await ami.action("QueueAdd", member, within_s=1)
                await until(lambda: not reader.state.connected, 15)
            await ami.ready(20)
            await reader.ready(20)
            queues = (await reader.snapshot()).queues
            assert [m.name for q in queues for m in q.members].count("once") == 1
            del member["MemberName"]
            assert (await ami.action("QueueRemove", member)).ok

    asyncio.run(scene())


def test_the_board_is_stale_while_asterisk_is_gone_and_true_again_after(system: System) -> None:
    async def scene() -> None:
        async with client(system, "reader", *EVENTS) as ami:
            stream = ami.events()
            await anext(stream)
            await asyncio.to_thread(system.node.processes["asterisk"].stop)
            await until(lambda: not ami.state.connected, 5)
            told = await asyncio.to_thread(live, system, "--once")
            assert told.returncode == 1
            assert "stale since" in told.stderr
            await asyncio.to_thread(system.node.restart, "asterisk")
            assert isinstance(await asyncio.wait_for(anext(stream), 15), Snapshot)
            await stream.aclose()

    asyncio.run(scene())
