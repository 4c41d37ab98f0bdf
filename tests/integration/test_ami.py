"""The hazards of panoramisk that need no broken line: answers, events, values."""

import asyncio
import logging

import pytest

from ivr.ami import Event, Limits, Snapshot
from ivr.ami_errors import (
    AmiActionFailed,
    AmiAnswerLost,
    AmiAnswerTooLong,
    AmiAway,
    AmiBusy,
    AmiValueRefused,
)
from ivr.ami_link import LinkLimits
from tests.integration.fake_ami import (
    SECRET,
    FakeManager,
    FakeSession,
    Sent,
    client,
    listed,
    message,
    play,
    success,
    until,
)

JOIN = ("Event: QueueCallerJoin", "Queue: police")


def silence(session: FakeSession, sent: Sent) -> None:
    return None


@pytest.mark.parametrize("size", [1, 2, 7])
def test_a_character_cut_in_two_by_tcp_arrives_whole(size):
    async def scene(manager: FakeManager) -> None:
        async with client(manager, "QueueCallerJoin") as ami:
            stream = ami.events()
            assert isinstance(await anext(stream), Snapshot)
            told = message("Event: QueueCallerJoin", "Queue: 民生热线", "CallerIDName: 张三")
            await manager.session.send_in_pieces(told * 2, size)
            for event in (await anext(stream), await anext(stream)):
                assert isinstance(event, Event)
                assert (event.fields["queue"], event.fields["CallerIDName"]) == ("民生热线", "张三")
            await stream.aclose()

    play(scene)


def test_bytes_that_are_no_utf8_are_seen_and_cost_nothing_else():
    async def scene(manager: FakeManager) -> None:
        async with client(manager, "QueueCallerJoin") as ami:
            stream = ami.events()
            await anext(stream)
            manager.session.send(
                b"Event: QueueCallerJoin\r\nQueue: \xd5\xc5!\r\nPosition: 1\r\n\r\n"
            )
            event = await anext(stream)
            assert isinstance(event, Event)
            assert event.fields["Queue"].endswith("\ufffd!")
            assert event.fields.number("Position") == 1
            await stream.aclose()

    play(scene)


@pytest.mark.parametrize(
    "text", ["a\r\nAction: Originate", "a\nb", "a\rb", "a\0b", "a\udcff", "x" * 1001]
)
def test_a_value_that_could_be_a_second_action_is_refused_before_it_is_sent(text):
    async def scene(manager: FakeManager) -> None:
        async with client(manager) as ami:
            before = len(manager.seen) - manager.count("Ping")
            for fields in ({"Channel": text}, {"Variable": ["A=1", text]}):
                with pytest.raises(AmiValueRefused) as refused:
                    await ami.action("Originate", fields)
                assert text not in str(refused.value)
            with pytest.raises(AmiValueRefused):
                await ami.action(text)
            with pytest.raises(AmiValueRefused):
                await ami.action("Originate", {text: "a"})
            assert (await ami.action("Ping")).ok
            assert len(manager.seen) - manager.count("Ping") == before

    play(scene)


@pytest.mark.parametrize("name", ["ActionID", "actionid", "Action", "CommandID", "A: b"])
def test_a_field_that_is_ours_to_give_is_refused(name):
    async def scene(manager: FakeManager) -> None:
        async with client(manager) as ami:
            with pytest.raises(AmiValueRefused):
                await ami.action("Originate", {name: "x"})

    play(scene)


def test_a_user_or_secret_with_a_line_break_is_refused():
    async def scene(manager: FakeManager) -> None:
        with pytest.raises(AmiValueRefused):
            client(manager, secret="x\r\nAction: Command")

    play(scene)


@pytest.mark.parametrize(
    "text",
    [
        "Added interface to queue",  # of QueueAdd: panoramisk waits for ever
        "Originate successfully queued",  # without Async: panoramisk raises KeyError
        "Something will follow",
    ],
)
def test_an_answer_is_whole_whatever_its_wording(text):
    async def scene(manager: FakeManager) -> None:
        manager.replies["QueueAdd"] = lambda _, sent: success(sent, text)
        async with client(manager) as ami:
            answer = await ami.action("QueueAdd", {"Queue": "police", "Interface": "PJSIP/x"})
            assert (answer.ok, answer.message, answer.items) == (True, text, ())
            assert len(manager.sessions) == 1

    play(scene)


def test_an_answer_without_an_id_answers_nothing_and_the_next_action_works():
    async def scene(manager: FakeManager) -> None:
        manager.replies["Redirect"] = lambda *_: message("Response: Success", "Message: whose?")
        async with client(manager) as ami:
            with pytest.raises(AmiAnswerLost):
                await ami.action("Redirect", {"Channel": "a"})
            assert (await ami.action("Ping")).ok
            assert len(manager.sessions) == 1

    play(scene)


def test_a_refusal_is_an_answer_and_a_late_answer_is_none():
    late: list[bytes] = []

    def answer_later(session: FakeSession, sent: Sent) -> None:
        late.append(success(sent))

    async def scene(manager: FakeManager) -> None:
        manager.replies["Hangup"] = lambda _, sent: message(
            "Response: Error", f"ActionID: {sent['ActionID']}", "Message: No such channel"
        )
        manager.replies["Redirect"] = answer_later
        async with client(manager) as ami:
            refused = await ami.action("Hangup", {"Channel": "PJSIP/x"})
            assert (refused.ok, refused.message) == (False, "No such channel")
            with pytest.raises(AmiAnswerLost):
                await ami.action("Redirect", within_s=0.05)
            manager.session.send(late[0])
            assert (await ami.action("Ping")).ok

    play(scene)


def test_a_list_without_its_permission_fails_the_snapshot():
    async def scene(manager: FakeManager) -> None:
        manager.replies["CoreShowChannels"] = lambda _, sent: message(
            "Response: Error", f"ActionID: {sent['ActionID']}", "Message: Permission denied"
        )
        async with client(manager) as ami:
            with pytest.raises(AmiActionFailed, match="CoreShowChannels: Permission denied"):
                await ami.snapshot()

    play(scene)


def test_answers_of_actions_at_once_find_their_own_askers():
    async def scene(manager: FakeManager) -> None:
        manager.replies["Getvar"] = lambda _, sent: success(sent, "", f"Value: {sent['Variable']}")
        async with client(manager) as ami:
            asked = [ami.action("Getvar", {"Variable": f"V{n}"}) for n in range(50)]
            answers = await asyncio.gather(*asked)
            assert [a.fields["Value"] for a in answers] == [f"V{n}" for n in range(50)]

    play(scene)


def test_actions_without_answers_are_bounded_and_do_not_stop_the_ping():
    async def scene(manager: FakeManager) -> None:
        manager.replies["Redirect"] = silence
        async with client(manager, limits=Limits(link=LinkLimits(pending=3))) as ami:
            waiting = [asyncio.create_task(ami.action("Redirect")) for _ in range(3)]
            await until(lambda: manager.count("Redirect") == 3)
            with pytest.raises(AmiBusy):
                await ami.action("Redirect")
            pings = manager.count("Ping")
            await until(lambda: manager.count("Ping") > pings)
            lost = await asyncio.gather(*waiting, return_exceptions=True)
            assert [type(error) for error in lost] == [AmiAnswerLost] * 3
            assert (await ami.action("Ping")).ok  # their places are free again
            assert (manager.count("Redirect"), len(manager.sessions)) == (3, 1)

    play(scene)


def test_a_cancelled_action_leaves_its_place():
    async def scene(manager: FakeManager) -> None:
        manager.replies["Redirect"] = silence
        async with client(manager, limits=Limits(link=LinkLimits(pending=1))) as ami:
            for _ in range(3):
                with pytest.raises(TimeoutError):
                    await asyncio.wait_for(ami.action("Redirect"), 0.02)
            assert (await ami.action("Getvar", {"Variable": "X"})).ok

    play(scene)


def test_an_answer_of_too_many_parts_is_not_kept():
    async def scene(manager: FakeManager) -> None:
        item = ("Event: CoreShowChannel", "Channel: PJSIP/x")
        manager.replies["CoreShowChannels"] = lambda _, sent: listed(sent, "Done", *[item] * 20)
        async with client(manager, limits=Limits(link=LinkLimits(items=10))) as ami:
            with pytest.raises(AmiAnswerTooLong):
                await ami.snapshot()
            assert (await ami.action("Ping")).ok
            assert len(manager.sessions) == 1

    play(scene)


def test_a_closed_client_sends_nothing_and_its_stream_ends():
    async def scene(manager: FakeManager) -> None:
        ami = client(manager)
        async with ami:
            stream = ami.events()
            await anext(stream)
            waiting = asyncio.ensure_future(anext(stream))
            await asyncio.sleep(0)
        with pytest.raises(AmiAway):
            await waiting
        with pytest.raises(AmiAway):
            await ami.action("Originate")
        assert not ami.state.connected
        await ami.close()
        assert manager.count("Originate") == 0

    play(scene)


def test_the_secret_stands_in_no_log(caplog, capsys):
    caplog.set_level(logging.DEBUG)

    async def scene(manager: FakeManager) -> None:
        async with client(manager) as ami:
            manager.session.cut()
            await until(lambda: len(manager.sessions) == 2)
            await ami.ready(2)

    play(scene)
    printed = capsys.readouterr()
    assert SECRET not in caplog.text + printed.out + printed.err
