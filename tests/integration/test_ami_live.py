"""The board of `l110 live` on a manager that may go away."""

import asyncio
import io
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest
from rich.console import Console, RenderableType

from config.settings import Settings, load_settings
from ivr.ami_errors import AmiActionFailed, AmiLoginRefused
from ivr.ami_snapshot import Caller, Member, Queue, SeatState, Snapshot
from scripts.cli.live import Frame, _watch, as_dict, board
from tests.integration.fake_ami import FakeManager, client, listed, message, play, success, until

AT = datetime(2026, 11, 23, 8, tzinfo=UTC)
SEAT = Member("seat-8001", "PJSIP/seat-8001", SeatState.RINGING, False, False, 2)
CALLER = Caller(1, "PJSIP/l110-trunk-1", "n1-1.1", "13812340001", 12, 30)
ODD = Caller(2, "PJSIP/l110-trunk-2", "n1-1.2", "[red]x", 3, 10)
FRAME = Frame(
    "n1",
    2,
    4,
    3,
    Snapshot(
        AT,
        (),
        (
            Queue("police", [SEAT], [ODD, CALLER]),
            Queue("police-menu-off", [replace(SEAT, paused=True, talks=1)]),
        ),
    ),
)


def drawn(part: RenderableType) -> str:
    console = Console(file=io.StringIO(), width=120)
    console.print(part)
    assert isinstance(console.file, io.StringIO)
    return console.file.getvalue()


def test_the_board_has_lines_waiting_callers_and_each_seat_once():
    text = drawn(board(FRAME, AT))
    assert "2/4" in text
    assert "138****0001" in text
    assert "1381234" not in text
    assert text.index("138****0001") < text.index("****  ")  # in turn; no number is told as it is
    assert text.count("seat-8001") == 1
    assert "police, police-menu-off" in text
    assert "stale" not in text


def test_the_board_of_a_lost_line_keeps_its_frame_and_says_since_when():
    text = drawn(board(FRAME, AT, "Asterisk's manager is not connected"))
    assert f"stale since {AT.astimezone():%H:%M:%S}" in text
    assert "not connected" in text
    assert "138****0001" in text
    assert "stale since" in drawn(board(None, AT, ""))


def test_the_json_has_no_number_that_tells_who_calls():
    told = as_dict(FRAME)
    assert "1381234" not in str(told)
    assert "[red]" not in str(told)
    assert told["seats"] == [
        {
            "seat": "seat-8001",
            "queues": ["police", "police-menu-off"],
            "state": "ringing",
            "paused": True,
            "talks": 3,
        }
    ]


@pytest.fixture
def settings() -> Settings:
    return load_settings(Path("config/defaults.toml"))


def honest(manager: FakeManager) -> None:
    manager.replies["Getvar"] = lambda _, sent: success(sent, "", "Value: 1")
    waiting = ("Event: QueueEntry", "Queue: police", "Position: 1", "CallerIDNum: 13812340001")
    manager.replies["QueueStatus"] = lambda _, sent: listed(sent, "Done", waiting)


def test_the_board_goes_stale_and_is_true_again(settings):
    out = io.StringIO()

    def last() -> str:
        return out.getvalue()

    async def scene(manager: FakeManager) -> None:
        honest(manager)
        console = Console(file=out, width=120, force_terminal=True)
        watching = asyncio.create_task(_watch(client(manager), settings, console))
        await until(lambda: "1/4" in last() and "138****0001" in last())
        manager.mute, manager.session.mute = True, True
        await until(lambda: "stale since" in last())
        manager.mute = False
        mark = len(last())
        await until(lambda: "1/4" in last()[mark:] and "stale" not in last().rsplit("1/4", 2)[-2])
        watching.cancel()
        await asyncio.gather(watching, return_exceptions=True)

    play(scene)


def test_an_event_makes_the_board_look_at_once(settings):
    async def scene(manager: FakeManager) -> None:
        honest(manager)
        ami = client(manager, "QueueCallerJoin")
        console = Console(file=io.StringIO(), width=120)
        watching = asyncio.create_task(_watch(ami, settings, console))
        await until(lambda: manager.count("Getvar") == 2)
        await asyncio.sleep(0.3)
        began = asyncio.get_running_loop().time()
        manager.session.send(message("Event: QueueCallerJoin", "Queue: police"))
        await until(lambda: manager.count("Getvar") == 3)
        assert asyncio.get_running_loop().time() - began < 0.3
        watching.cancel()
        await asyncio.gather(watching, return_exceptions=True)

    play(scene)


def test_the_board_ends_with_the_reason_when_it_may_not_look(settings):
    async def scene(manager: FakeManager) -> None:
        with pytest.raises(AmiLoginRefused):
            await _watch(client(manager, secret="no"), settings, Console(file=io.StringIO()))
        manager.replies["Getvar"] = lambda _, sent: message(
            "Response: Error", f"ActionID: {sent['ActionID']}", "Message: Permission denied"
        )
        with pytest.raises(AmiActionFailed, match="Permission denied"):
            await _watch(client(manager), settings, Console(file=io.StringIO()))

    play(scene)
