"""Faults 15 and 17: idle connections at the manager, and answers lost; no caller notices."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager

import pytest

from ivr.ami_errors import AmiAnswerLost, AmiLoginRefused
from ivr.ami_words import Value
from scripts.asterisk_console import ask
from scripts.chaos.findings import Finding
from scripts.lab.callers import Press, Stay, Wait
from scripts.lab.feed import read_events
from scripts.lab.waiting import wait_until
from tests.real_asterisk.ami_hands import (
    FAST,
    GUARDED,
    client,
    panoramisk_alone,
    through_relay,
    until,
)
from tests.real_asterisk.flight import assert_each_has_one_record, calls_in_flight, nobody_notices
from tests.real_asterisk.relay import Relay
from tests.real_asterisk.system import System


@pytest.fixture(scope="module")
def system(tmp_path_factory: pytest.TempPathFactory) -> Iterator[System]:
    with calls_in_flight(tmp_path_factory.mktemp("flight"), 48) as system:
        ask(system.node.home, "dialplan add extension 9,1,Answer, into t-answers")
        yield system


@pytest.fixture
def in_flight(system: System, told: Finding) -> Iterator[None]:
    with nobody_notices(system, told):
        yield


@asynccontextmanager
async def idle_connections(system: System, count: int) -> AsyncIterator[list[asyncio.Task[bytes]]]:
    """Connections that never log in; a task of each is done when Asterisk ends it."""
    where = system.node.settings.ami
    opened = [await asyncio.open_connection(where.host, where.port) for _ in range(count)]
    ends = [asyncio.create_task(reader.read()) for reader, _ in opened]
    try:
        yield ends
    finally:
        for _, writer in opened:
            writer.transport.abort()
        await asyncio.gather(*ends, return_exceptions=True)


def set_limit(system: System, authlimit: int) -> None:
    file = system.node.home.etc / "manager.conf"
    lines = file.read_text().splitlines()
    changed = [f"authlimit = {authlimit}" if "authlimit" in line else line for line in lines]
    file.write_text("\n".join(changed) + "\n")
    ask(system.node.home, "manager reload")


@pytest.mark.fault("15", how="fifty connections that say nothing, or only log in")
@pytest.mark.usefixtures("in_flight")
@GUARDED
def test_15_of_fifty_idle_connections_ten_are_let_in_and_for_five_seconds(
    system: System, told: Finding, guarded: bool
) -> None:
    set_limit(system, 10 if guarded else 1000)

    async def scene() -> None:
        fifty = idle_connections(system, 50)
        async with client(system, "reader") as ami, fifty as ends:
            await asyncio.sleep(1)
            let_in = sum(not end.done() for end in ends)
            assert (let_in <= 10) is guarded
            told.records.append(f"{let_in} of 50 let in; our own client is served beside them")
            assert (await ami.action("Ping")).ok
            late = client(system, "reader", pace=FAST)
            late.start()
            await late.ready(10)
            await until(lambda: all(end.done() for end in ends), 10)  # authtimeout is 5 s
            await late.close()

    asyncio.run(scene())
    set_limit(system, 10)


@pytest.mark.fault("15", how="fifty connections that say nothing, or only log in")
@pytest.mark.usefixtures("in_flight")
def test_15_who_logs_in_from_an_address_that_is_not_permitted_is_refused(
    system: System, told: Finding
) -> None:
    """With the right secret; the control is a user without an ACL."""

    async def scene() -> None:
        with pytest.raises(AmiLoginRefused):
            async with client(system, "barred"):
                pass
        async with client(system, "wide"):
            pass

    asyncio.run(scene())
    told.records.append("the right secret from an address that is not permitted: refused")


@pytest.mark.fault("15", how="fifty connections that say nothing, or only log in")
@pytest.mark.usefixtures("in_flight")
def test_15_fifty_idle_logins_keep_no_caller_and_no_reader_waiting(
    system: System, told: Finding
) -> None:
    async def scene() -> None:
        idle = [client(system, "reader", "QueueCallerJoin") for _ in range(50)]
        for one in idle:
            async with asyncio.timeout(10):
                one.start()
                await one.ready(10)
        number = "13800000004"
        system.town.call(number, [Wait(0.3), Stay(1)])
        await asyncio.to_thread(wait_until, lambda: system.town.answered(number), "an answer", 2)
        async with client(system, "reader") as reader:
            assert len((await reader.snapshot()).queues) == 3
        await asyncio.gather(*(one.close() for one in idle))

    asyncio.run(scene())
    assert system.call_of("13800000004", 10).ended_by == "caller"
    seen = system.town.saw("13800000004")
    assert seen.answered_at is not None
    took_ms = 1000 * (seen.answered_at - seen.dialled_at)
    told.caller.append(f"beside 50 idle logins a new caller was answered after {took_ms:.0f} ms")


def happened(system: System, name: str, call: str = "") -> int:
    events = read_events(system.node.settings.cel_path)
    return sum(e.name == name and (not call or e.facts.get("call") == call) for e in events)


@pytest.mark.fault("17", how="a relay cuts the line behind the action")
@pytest.mark.usefixtures("in_flight")
@GUARDED
@pytest.mark.parametrize("action", ["Originate", "Redirect"])
def test_17_an_action_whose_answer_is_lost_is_done_once(
    system: System, told: Finding, action: str, guarded: bool
) -> None:
    """Redirect moves a caller who waits; Originate leaves a mark. The control does it twice."""
    number = f"1381{guarded:d}0000{len(action):03d}"
    system.town.call(number, [Press("1"), Stay(60)])
    call = wait_until(lambda: start_of(system, number, "L110_QUEUED"), "his turn", 15)
    mark = f"T_{'OURS' if guarded else 'CONTROL'}"
    name, of = ("L110_RETURNED", call) if action == "Redirect" else (mark, "")
    fields: dict[str, Value] = {
        "Channel": "Local/9@t-answers", "Application": "CELGenUserEvent", "Data": f"{mark},n=1",
        "Async": "true",
    } if action == "Originate" else {
        "Channel": channel_of(system, call), "Context": "l110-return", "Exten": "s", "Priority": 1
    }  # fmt: skip

    async def lose_the_answer(relay: Relay) -> None:
        await until(lambda: happened(system, name, of) == 1, 5)
        relay.cut()

    async def scene(relay: Relay) -> None:
        if guarded:
            async with client(system, "actor", through=relay) as ami:
                relay.freeze()
                asked = asyncio.create_task(ami.action(action, fields))
                await lose_the_answer(relay)
                with pytest.raises(AmiAnswerLost):
                    await asked
                await ami.ready(10)
                await asyncio.sleep(1)
        else:
            async with panoramisk_alone(system, "actor", relay) as manager:
                relay.freeze()
                manager.send_action({"Action": action, **fields})
                await lose_the_answer(relay)
                await until(lambda: happened(system, name, of) == 2, 5)

    through_relay(system, scene)
    times = happened(system, name, of)
    assert times == (1 if guarded else 2)
    told.records.append(f"{action} was done {times} times")
    ask(system.node.home, f"channel request hangup {channel_of(system, call)}")
    assert system.call_of(number).outcome == "left-waiting-for-police"


def start_of(system: System, number: str, then: str) -> str:
    """The call of a number once that event of it is told; empty until then."""
    events = read_events(system.node.settings.cel_path)
    calls = [e.facts["call"] for e in events if e.facts.get("caller") == number]
    return calls[0] if calls and happened(system, then, calls[0]) else ""


def channel_of(system: System, call: str) -> str:
    events = read_events(system.node.settings.cel_path)
    (channel,) = [e.channel for e in events if e.name == "L110_START" and e.facts["call"] == call]
    return channel


@pytest.mark.fault("15", "17", how="all of these, one after the other")
def test_after_all_this_each_call_has_one_record_and_the_audit_is_clean(
    system: System, told: Finding
) -> None:
    assert_each_has_one_record(system, 8, told)
