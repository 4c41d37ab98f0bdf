"""Police lines are few: what a full house means, and what a release gives back."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from db.engine import reading
from reports.abandoned import abandoned_calls
from scripts.lab.callers import Action, HangUp, Press, Stay, Wait
from scripts.lab.seats import Manner
from scripts.lab.waiting import wait_until
from tests.real_asterisk.system import System, running_system

TALKS = Manner(ring_s=0.1, talk_s=60)
SEATS = ("8001", "8002", "7001", "7002")


@pytest.fixture
def two_lines(tmp_path: Path) -> Iterator[System]:
    """Two police lines on a trunk of eight channels; every talk lasts until the caller leaves."""
    with running_system(
        tmp_path,
        7,
        police=("8001", "8002"),
        lines=2,
        trunk_channels=8,
        seats=dict.fromkeys(SEATS, TALKS),
    ) as system:
        yield system


def talk(system: System, number: str, key: str) -> None:
    """Have somebody talk for twelve seconds, and return when he has begun."""
    second: list[Action] = [Wait(0.5), Press("1")] if key == "2" else []
    system.town.call(number, [Press(key), *second, Stay(12)])
    wait_until(lambda: system.town.talks(number), f"{number} to talk", 15)


def test_a_released_caller_leaves_his_line_to_the_next_while_he_still_talks(
    two_lines: System,
) -> None:
    talk(two_lines, "13800000001", "2")
    talk(two_lines, "13800000002", "1")
    talk(two_lines, "13800000003", "1")  # the second line: the first caller's
    assert two_lines.town.saw("13800000001").ended_at is None

    two_lines.town.call("13800000004", [Wait(1), HangUp()])
    blocked = two_lines.town.ended("13800000004")
    assert (blocked.out, blocked.answered_at) == ("blocked", None)
    row = two_lines.call_of("13800000004")
    assert (row.outcome, row.answered_at) == ("lines-full", None)
    with reading(two_lines.node.engine) as session:
        assert "13800000004" in [call.caller for call in abandoned_calls(session)]

    for number in ("13800000001", "13800000002", "13800000003"):
        two_lines.town.ended(number)
    two_lines.assert_nothing_outlives_its_call()


def test_a_line_is_free_again_when_its_caller_hangs_up(two_lines: System) -> None:
    for turn in range(3):
        first, second = f"1380000001{turn}", f"1380000002{turn}"
        two_lines.town.call(first, [Wait(1), HangUp()])
        two_lines.town.call(second, [Wait(1), HangUp()])
        assert two_lines.town.ended(first).answered_at
        assert two_lines.town.ended(second).answered_at
