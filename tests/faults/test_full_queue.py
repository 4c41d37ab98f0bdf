"""A livelihood queue that has no place left, and a police queue that always has one."""

from pathlib import Path

import pytest

from scripts.asterisk_console import ask
from scripts.chaos.findings import Finding
from scripts.lab.callers import Press, Stay, Wait
from scripts.lab.footprint import footprint, wait_until_nothing_leaks
from scripts.lab.seats import Manner
from scripts.lab.waiting import wait_until
from tests.faults.missing_seats import NEVER
from tests.faults.no_operator import (
    BACK,
    ROOM,
    WAITS,
    assert_key_leads_to_the_police,
    assert_told_and_called_back,
    overflowed,
    to_livelihood,
    wait_for,
    waiting,
)
from tests.real_asterisk.system import running_system

pytestmark = pytest.mark.real_asterisk
FULL = "waiting_most = 1\n"


@pytest.mark.fault("26", how="one may wait in the livelihood queue, and one does")
def test_a_caller_for_whom_the_livelihood_queue_is_full_is_told_so_and_called_back(
    tmp_path: Path, told: Finding
) -> None:
    with running_system(
        tmp_path, 185, livelihood=("7001",), seats={"7001": NEVER}, settings=FULL, **ROOM
    ) as system:
        before = footprint(system.node)
        to_livelihood(system, "13800026001")
        wait_for(system, "livelihood", 1)
        to_livelihood(system, WAITS)
        to_livelihood(system, BACK, Wait(2), Press("*"))
        assert_key_leads_to_the_police(system, BACK, told)
        assert_told_and_called_back(system, WAITS, told, "FULL")
        assert waiting(system, "livelihood") == 1
        system.town.staff("7001", Manner(ring_s=0.2, talk_s=1))
        assert system.town.ended("13800026001", 60).talked_to == ("7001",)
        told.caller.append("the one who waited kept his place and was answered")
        told.leaks.append(wait_until_nothing_leaks(system.node, before))


@pytest.mark.control("26", without="the limit: waiting_most = 0")
def test_control_without_the_limit_he_waits_with_the_others(tmp_path: Path, told: Finding) -> None:
    with running_system(
        tmp_path, 185, livelihood=("7001",), seats={"7001": NEVER}, **ROOM
    ) as system:
        for number in ("13800026001", WAITS, BACK):
            to_livelihood(system, number)
        wait_for(system, "livelihood", 3)
        assert not overflowed(system)
        told.caller.append("three waited, nobody was told anything")


@pytest.mark.fault("26", how="three wait for the police where one may wait for an operator")
@pytest.mark.parametrize(
    "limited",
    [
        pytest.param(False, id="as-rendered"),
        pytest.param(
            True,
            id="limited",
            marks=pytest.mark.control("26", without="maxlen=0 of the police queue"),
        ),
    ],
)
def test_no_limit_turns_a_caller_away_from_the_police_queue(
    tmp_path: Path, told: Finding, limited: bool
) -> None:
    seats = {"8001": NEVER, "8199": NEVER}
    with running_system(
        tmp_path, 186, police=("8001",), seats=seats, settings=FULL, overflow_after_s=600, **ROOM
    ) as system:
        if limited:
            file = system.node.home.etc / "l110/queues.conf"
            file.write_text(file.read_text().replace("maxlen=0", "maxlen=1"))
            ask(system.node.home, "queue reload all")
        for number in ("13800026101", "13800026102", "13800026103"):
            system.town.call(number, [Press("1"), Stay(60)])
        if limited:
            wait_until(lambda: overflowed(system), "a caller who is turned away", 20)
            told.caller.append("the second police caller was turned away to the next destination")
            return
        wait_for(system, "police", 3)
        assert not overflowed(system)
        told.caller.append("three police callers wait in one queue")
