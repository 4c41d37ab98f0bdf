"""However many seats do not answer, the police keep one that rings."""

from pathlib import Path

import pytest

from scripts.asterisk_console import ask
from scripts.chaos.findings import Finding
from scripts.lab.callers import Press, Stay
from scripts.lab.seats import Manner
from scripts.lab.waiting import wait_until
from tests.faults.missing_seats import (
    ANSWERS,
    NEVER,
    RING_S,
    TWO,
    is_paused,
    paused_in,
    police_call,
)
from tests.faults.watched import NO_TESTS
from tests.real_asterisk.system import System, running_system

pytestmark = pytest.mark.real_asterisk


GUARDED = pytest.mark.parametrize(
    "guarded",
    [
        pytest.param(True, id="guarded"),
        pytest.param(
            False,
            id="unguarded",
            marks=pytest.mark.control("23", without="the look for another police seat"),
        ),
    ],
)


@pytest.mark.fault("23", how="both police seats ring for two callers at once and nobody answers")
@GUARDED
def test_the_last_police_seat_that_could_ring_is_never_paused(
    tmp_path: Path, told: Finding, guarded: bool
) -> None:
    """Two miss at the same moment: one of them must see that the other is paused."""
    seats = {**dict.fromkeys(TWO, NEVER), "8199": Manner(ring_s=0.2, talk_s=3)}
    with running_system(
        tmp_path, 182, police=TWO, seats=seats, ring_s=1, overflow_after_s=11, lines=10
    ) as system:
        if not guarded:
            take_out_the_look(system)
        system.node.start_watch(NO_TESTS)
        numbers = ("13800023301", "13800023302")
        for number in numbers:
            system.town.call(number, [Press("1"), Stay(40)])
        most = most_paused(system, numbers)
        assert (most == len(TWO)) is not guarded
        assert any(paused_in(system, system.call_of(number, 40)) for number in numbers)
        rang = [seat.seat for seat in after(system, "13800023303").rang]
        assert (rang[0] in TWO) is guarded
        told.caller.append(f"{most} of 2 police seats paused; the next caller rang {rang[0]}")
        told.records.append("the next police destination took each of them")


def take_out_the_look(system: System) -> None:
    shown = ask(system.node.home, "dialplan show l110-missed")
    line = next(line for line in shown.splitlines() if "QUEUE_MEMBER_LIST(police)" in line)
    priority = line.split(".")[0].split()[-1]
    into = f"s,{priority},Goto(pause) into l110-missed replace"
    assert "replace by" in ask(system.node.home, f"dialplan add extension {into}")


def most_paused(system: System, numbers: tuple[str, ...]) -> int:
    """The most police seats that were paused at once until these callers were served."""
    most = 0

    def served() -> bool:
        nonlocal most
        most = max(most, sum(is_paused(system, seat) for seat in TWO))
        return all((seen := system.town.seen(n)) and seen.ended_at for n in numbers)

    wait_until(served, "both callers to be served", 60)
    return most


def after(system: System, number: str):
    system.town.call(number, [Press("1"), Stay(30)])
    return system.town.ended(number, 40)


@pytest.mark.fault("23", how="the other police seat is not registered")
def test_a_police_seat_beside_one_that_is_away_is_never_paused(
    tmp_path: Path, told: Finding
) -> None:
    seats = {"8001": NEVER, "8199": Manner(ring_s=0.2, talk_s=1)}
    with running_system(
        tmp_path, 183, police=TWO, registered=("8002",), seats=seats, ring_s=1, overflow_after_s=10
    ) as system:
        seen = after(system, "13800023401")
        assert seen.talked_to == ("8199",)
        assert [seat.seat for seat in seen.rang].count("8001") > 2
        assert not is_paused(system, "8001")
        told.caller.append("a seat alone rang over and over, then the duty telephone was answered")


@pytest.mark.fault("23", how="the last police seat misses too")
def test_when_the_last_police_seat_misses_too_the_paused_one_is_rung_again(
    tmp_path: Path, told: Finding
) -> None:
    with running_system(
        tmp_path, 184, police=TWO, seats={"8001": NEVER, "8002": ANSWERS}, ring_s=RING_S
    ) as system:
        for number in ("13800023501", "13800023502"):
            assert police_call(system, number).seat == "seat-8002"
        assert is_paused(system, "8001")
        system.town.staff("8001", ANSWERS)
        system.town.staff("8002", NEVER)
        call = police_call(system, "13800023503")
        assert call.seat == "seat-8001"
        told.caller.append(f"answered by the paused seat {(call.wait_ms or 0) / 1000:.1f} s after")
