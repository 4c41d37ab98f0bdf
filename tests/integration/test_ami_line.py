"""The hazards of panoramisk that come with a line that breaks, freezes or refuses."""

import asyncio
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from ivr.ami import Ami, Limits
from ivr.ami_errors import (
    AmiAnswerLost,
    AmiAway,
    AmiBroken,
    AmiLoginRefused,
    AmiNotBooted,
    AmiSilent,
)
from ivr.ami_link import LinkLimits
from tests.integration.fake_ami import (
    FAST,
    JOIN,
    SECRET,
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


def cut(session: FakeSession, sent: Sent) -> None:
    session.cut()


def half_an_answer(session: FakeSession, sent: Sent) -> None:
    session.send(success(sent)[:-2])
    session.writer.close()


def half_a_list(session: FakeSession, sent: Sent) -> None:
    session.send(success(sent, "will follow", "EventList: start"))
    session.writer.close()


@pytest.mark.parametrize("action", ["Originate", "Redirect", "QueueAdd", "CoreShowChannels"])
@pytest.mark.parametrize("end", [cut, half_an_answer, half_a_list])
def test_an_action_whose_answer_is_lost_with_the_connection_is_never_sent_again(action, end):
    async def scene(manager: FakeManager) -> None:
        manager.replies[action] = end
        async with client(manager) as ami:
            with pytest.raises(AmiAnswerLost, match=action):
                await ami.action(action, {"Channel": "PJSIP/x"}, within_s=3)
            await again(manager, ami)
            pings = manager.count("Ping")
            await until(lambda: manager.count("Ping") > pings + 1)
            assert manager.count(action) == 1

    play(scene)


def test_an_action_that_waits_out_its_deadline_is_never_sent_again():
    async def scene(manager: FakeManager) -> None:
        manager.replies["Originate"] = lambda *_: None
        async with client(manager) as ami:
            with pytest.raises(AmiAnswerLost, match=r"within 0\.05 s"):
                await ami.action("Originate", within_s=0.05)
            manager.session.cut()
            await again(manager, ami)
            assert (await ami.action("Redirect")).ok
            assert manager.count("Originate") == 1

    play(scene)


def test_an_action_while_the_line_is_away_is_not_sent_and_not_kept():
    async def scene(manager: FakeManager) -> None:
        async with client(manager, pace=replace(FAST, again=0.3, again_most=0.3)) as ami:
            manager.session.cut()
            await until(lambda: not ami.state.connected)
            with pytest.raises(AmiAway):
                await ami.action("Originate")
            await again(manager, ami)
            assert (await ami.action("Redirect")).ok
            assert manager.count("Originate") == 0

    play(scene)


def test_a_wrong_secret_is_tried_once_and_told():
    async def scene(manager: FakeManager) -> None:
        refused = "l110-reader: Authentication failed"
        with pytest.raises(AmiLoginRefused, match=refused):
            async with client(manager, secret="wrong-one"):
                pass
        ami = client(manager, secret="wrong-one")
        ami.start()
        for ask in (lambda: ami.ready(5), ami.snapshot, lambda: anext(ami.events())):
            with pytest.raises(AmiLoginRefused) as told:
                await ask()
            assert "wrong-one" not in str(told.value)
        await asyncio.sleep(4 * FAST.again_most)
        assert (manager.count("Login"), len(manager.sessions)) == (2, 2)
        await ami.close()

    play(scene)


def test_a_secret_that_is_changed_while_we_are_connected_ends_the_stream_with_its_reason():
    async def scene(manager: FakeManager) -> None:
        async with client(manager) as ami:
            stream = ami.events()
            await anext(stream)
            manager.replies["Login"] = lambda _, sent: message(
                "Response: Error", f"ActionID: {sent['ActionID']}", "Message: Authentication failed"
            )
            manager.session.cut()
            with pytest.raises(AmiLoginRefused):
                await anext(stream)

    play(scene)


def freeze(manager: FakeManager) -> None:
    manager.session.mute = True


def refuse_pings(manager: FakeManager) -> None:
    manager.replies["Ping"] = lambda _, sent: (
        success(sent)
        if len(manager.sessions) > 1
        else message("Response: Error", f"ActionID: {sent['ActionID']}", "Message: no")
    )


@pytest.mark.parametrize("fault", [freeze, refuse_pings])
def test_a_ping_without_its_answer_is_a_line_that_is_lost(fault):
    async def scene(manager: FakeManager) -> None:
        async with client(manager) as ami:
            seen: list[object] = []
            fault(manager)
            before = datetime.now(UTC)
            await until(lambda: not ami.state.connected)
            seen.append(ami.state.problem)
            assert ami.state.since < before + timedelta(seconds=FAST.ping_every + FAST.ping)
            await again(manager, ami)
            assert isinstance(seen[0], AmiSilent)
            assert (await ami.action("Redirect")).ok

    play(scene)


def test_events_do_not_stand_in_for_the_answer_of_a_ping():
    async def scene(manager: FakeManager) -> None:
        manager.replies["Ping"] = lambda *_: JOIN
        async with client(manager, "QueueCallerJoin") as ami:
            await until(lambda: isinstance(ami.state.problem, AmiSilent))

    play(scene)


def test_without_fullybooted_nothing_is_sent_and_the_reason_is_told():
    async def scene(manager: FakeManager) -> None:
        manager.replies["Login"] = lambda _, sent: success(sent, "Authentication accepted")
        ami = client(manager)
        ami.start()
        await until(lambda: manager.count("Login"))
        with pytest.raises(AmiAway):
            await ami.action("Originate")
        await until(lambda: isinstance(ami.state.problem, AmiNotBooted))
        with pytest.raises(AmiAway, match="read=system"):
            await ami.action("Originate")
        with pytest.raises(AmiAway, match="read=system"):
            await ami.ready(0.05)
        assert {sent["Action"] for sent in manager.seen} == {"Login"}
        await ami.close()

    play(scene)


def test_a_line_that_breaks_before_fullybooted_is_tried_again_at_once():
    def login_then_cut(session: FakeSession, sent: Sent) -> None:
        session.send(success(sent))
        session.writer.close()

    async def scene(manager: FakeManager) -> None:
        honest = manager.replies["Login"]
        manager.replies["Login"] = lambda session, sent: (
            honest if len(manager.sessions) > 1 else login_then_cut
        )(session, sent)
        began = asyncio.get_running_loop().time()
        async with client(manager, pace=replace(FAST, booted=5)):
            assert asyncio.get_running_loop().time() - began < 2

    play(scene)


def test_a_peer_that_takes_the_connection_and_says_nothing_is_left():
    async def scene(manager: FakeManager) -> None:
        manager.mute, manager.banner = True, b""
        ami = client(manager)
        ami.start()
        await until(lambda: len(manager.sessions) > 1)
        manager.mute = False
        await ami.ready(5)
        await ami.close()

    play(scene)


def test_a_message_without_end_is_not_kept():
    async def scene(manager: FakeManager) -> None:
        async with client(manager, limits=Limits(link=LinkLimits(message_bytes=10_000))) as ami:
            problems: list[object] = []
            manager.session.send(b"Event: X\r\n" + b"a: b\r\n" * 10_000)
            await until(lambda: not ami.state.connected)
            problems.append(ami.state.problem)
            await again(manager, ami)
            assert isinstance(problems[0], AmiBroken)

    play(scene)


def test_where_nobody_listens_the_state_is_stale_and_says_why():
    async def scene(manager: FakeManager) -> None:
        nobody = Ami("127.0.0.1", 1, "l110-reader", SECRET, pace=FAST)
        nobody.start()
        with pytest.raises(AmiAway, match="ConnectionRefusedError"):
            await nobody.ready(0.3)
        assert str(nobody.state).startswith("stale since 20")
        await nobody.close()

    play(scene)


def test_a_line_that_is_cut_again_and_again_is_tried_less_and_less_often():
    async def scene(manager: FakeManager) -> None:
        manager.replies["Login"] = cut
        ami = client(manager, pace=replace(FAST, again=0.02, again_most=0.32))
        ami.start()
        await asyncio.sleep(1)
        # 10 to 20 ms, doubled each time, up to 160 to 320 ms; every 20 ms it would be 50.
        assert 5 <= len(manager.sessions) <= 13
        await ami.close()

    play(scene)
