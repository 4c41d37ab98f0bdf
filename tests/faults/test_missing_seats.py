"""A seat that is in the queue and not in its chair: it costs two callers a ring, and no more."""

import time
from contextlib import nullcontext
from pathlib import Path

import pytest
from click.testing import CliRunner

from scripts.asterisk_console import ask
from scripts.chaos.findings import Finding
from scripts.cli.context import Site
from scripts.cli.seats import seats_unpause
from scripts.lab.callers import Press, Stay, Wait
from scripts.lab.footprint import footprint, wait_until_nothing_leaks
from scripts.lab.seats import Manner
from scripts.lab.waiting import wait_until
from tests.faults.missing_seats import (
    ANSWERS,
    NEVER,
    QUALIFIED,
    RING_S,
    TWO,
    UNQUALIFIED,
    Ghost,
    empty_chair,
    is_paused,
    off_the_wall,
    paused_in,
    police_call,
    registered_and_empty,
    registered_and_gone,
    registers_again,
)
from tests.faults.watched import NO_TESTS, cleared_within, logged, raised_within, stays_quiet
from tests.real_asterisk.system import System, running_system

pytestmark = pytest.mark.real_asterisk


def by_command(system: System) -> None:
    system.town.staff("8001", Manner(ring_s=0.2, talk_s=1))
    said = CliRunner().invoke(seats_unpause, ["8001"], obj=Site(system.node.config))
    assert said.exit_code == 0, said.output


GHOSTS = [
    Ghost("dropped off the net", registered_and_gone, registers_again, registered=True),
    Ghost("registered, not taken up", registered_and_empty, registers_again, registered=True),
    Ghost("behind the switch, not taken up", empty_chair, by_command),
    Ghost("behind the switch, not there", off_the_wall, by_command),
]


def play(system: System, ghost: Ghost, told: Finding, *, pauses: bool) -> None:
    """Three callers, one after the other; the ghost has its turn first each time."""
    # A node that asks its telephones every 5 s soon sees that one is gone. Here it does not. (Only
    # there: the reload at its end makes a seat that is there look as if it came back.)
    gone = ghost.goes is registered_and_gone
    unseen = system.endpoints_changed(QUALIFIED, UNQUALIFIED) if gone else nullcontext()
    with unseen:
        ghost.goes(system)
        numbers = [f"1380002300{n}" for n in range(1, 4)]
        calls = [police_call(system, number) for number in numbers]
        assert [call.seat for call in calls] == ["seat-8002"] * 3
        waits_s = [(call.wait_ms or 0) / 1000 for call in calls]
        assert all(RING_S <= waited < 2 * RING_S + 2 for waited in waits_s[:2])
        assert (waits_s[2] < RING_S) is pauses
        wanted = [[], ["seat-8001"], []] if pauses else [[], [], []]
        assert [paused_in(system, call) for call in calls] == wanted
        queues = ("police", "police-menu-off")
        assert all(is_paused(system, "8001", queue) is pauses for queue in queues)
        assert not is_paused(system, "8002")
        said = ", ".join(f"{waited:.1f}" for waited in waits_s)
        told.caller.append(f"three callers waited {said} s for the next seat")
        told.records.append(f"{len(system.calls())} rows talked-to-police")


@pytest.mark.fault("23", how="a police seat of two that is in the queue and does not answer")
@pytest.mark.parametrize("ghost", GHOSTS, ids=lambda ghost: ghost.how)
def test_a_seat_that_is_not_there_is_paused_after_two_misses_and_rung_again_when_back(
    tmp_path: Path, told: Finding, ghost: Ghost
) -> None:
    registered = ("8001",) if ghost.registered else ()
    with running_system(
        tmp_path, 180, police=TWO, registered=registered, ring_s=RING_S, seats={"8002": ANSWERS}
    ) as system:
        system.node.start_watch(NO_TESTS)
        before = footprint(system.node)
        play(system, ghost, told, pauses=True)
        took_s, about = raised_within(system.node, "seat-paused", 5)
        assert about == "seat-8001"
        assert logged(system, "seat-paused")
        ask(system.node.home, "queue reload all")
        assert police_call(system, "13800023008").seat == "seat-8002"
        assert is_paused(system, "8001")
        assert "seat-paused" in system.node.alarms()
        ghost.returns(system)
        well_s = cleared_within(system.node, "seat-paused", 10)
        assert not is_paused(system, "8001")
        assert not is_paused(system, "8001", "police-menu-off")
        assert police_call(system, "13800023009").seat == "seat-8001"
        told.records.append(f"alarm {took_s:.1f} s after, cleared {well_s:.1f} s after its return")
        # An INVITE that nothing answers is given up by Asterisk after 32 s, with its RTP ports.
        told.leaks.append(wait_until_nothing_leaks(system.node, before, timeout_s=45))


@pytest.mark.control("23", without="the pause: misses_until_pause = 0")
def test_control_without_the_pause_every_caller_rings_the_empty_chair_first(
    tmp_path: Path, told: Finding
) -> None:
    with running_system(
        tmp_path, 180, police=TWO, ring_s=RING_S, seats={"8002": ANSWERS},
        settings="[queues]\nmisses_until_pause = 0\n",
    ) as system:  # fmt: skip
        system.node.start_watch(NO_TESTS)
        play(system, GHOSTS[2], told, pauses=False)
        assert stays_quiet(system.node, "seat-paused", 2)


@pytest.mark.fault("23", how="every operator behind the switch, while the switch rings nobody")
@pytest.mark.parametrize(
    "most_s",
    [
        3,
        pytest.param(0, marks=pytest.mark.control("23", without="the pause's end by time")),
    ],
)
def test_operators_whom_the_switch_could_not_ring_are_rung_again_by_themselves(
    tmp_path: Path, told: Finding, most_s: int
) -> None:
    settings = f"ring_s = 1\n[queues]\npause_most_s = {most_s}\n"
    with running_system(
        tmp_path, 183, livelihood=("7001",), seats={"7001": NEVER}, settings=settings
    ) as system:
        system.node.start_watch(NO_TESTS)
        system.town.call("13800023601", [Press("2"), Wait(0.5), Press("1"), Stay(40)])
        wait_until(lambda: is_paused(system, "7001", "livelihood"), "the pause", 30)
        if not most_s:
            raised_within(system.node, "seat-paused", 5)
            time.sleep(6)  # what must not happen has no event
            assert is_paused(system, "7001", "livelihood")
            told.caller.append("6 s after the fault was over the seat was still paused")
            return
        system.town.staff("7001", ANSWERS)
        wait_until(lambda: not is_paused(system, "7001", "livelihood"), "its end", most_s + 4)
        system.town.call("13800023602", [Press("2"), Wait(0.5), Press("1"), Stay(40)])
        assert system.town.ended("13800023602", 40).talked_to == ("7001",)
        told.caller.append(f"paused, rung again by itself after {most_s} s, answered")


@pytest.mark.fault("23", how="an answer between two misses")
def test_a_seat_that_answers_begins_its_count_anew(tmp_path: Path, told: Finding) -> None:
    with running_system(
        tmp_path, 181, police=TWO, ring_s=RING_S, seats={"8001": NEVER, "8002": ANSWERS}
    ) as system:
        system.node.start_watch(NO_TESTS)
        assert police_call(system, "13800023101").seat == "seat-8002"
        system.town.staff("8001", ANSWERS)
        assert police_call(system, "13800023102").seat == "seat-8001"
        system.town.staff("8001", NEVER)
        assert police_call(system, "13800023103").seat == "seat-8002"  # 8002's own turn
        assert police_call(system, "13800023104").seat == "seat-8002"
        missed = ask(system.node.home, "dialplan show globals")
        assert "L110_MISSED_seat-8001=1" in missed
        assert not is_paused(system, "8001")
        told.caller.append("one miss, an answer, one miss: not paused")


@pytest.mark.fault("23", how="callers who hang up while a seat rings")
def test_who_hangs_up_while_a_seat_rings_is_no_miss_of_the_seat(
    tmp_path: Path, told: Finding
) -> None:
    with running_system(tmp_path, 181, police=TWO, seats=dict.fromkeys(TWO, NEVER)) as system:
        system.node.start_watch(NO_TESTS)
        for number in ("13800023201", "13800023202", "13800023203", "13800023204"):
            system.town.call(number, [Press("1"), Stay(1)])
            assert system.town.ended(number).talked == ()
        assert "L110_MISSED_" not in ask(system.node.home, "dialplan show globals")
        told.caller.append("four callers hung up in the ringing; no seat was blamed for it")
