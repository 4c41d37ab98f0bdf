"""A flood beside real callers, at a rate that any machine bears: by one number, without limits.

The flood comes from the switch's address past the lab's switch: what a switch makes of a refusal is
in test_flood_at_the_switch.py, the full 200 INVITEs a second are in test_flood_load.py.
"""

from collections.abc import Iterator

import pytest

from scripts.chaos.findings import Finding
from scripts.lab.callers import Press, Stay
from scripts.lab.footprint import footprint, wait_until_nothing_leaks
from scripts.lab.seats import Manner
from tests.faults.flooded import Flood, figures, reasons
from tests.limits import set_limits
from tests.real_asterisk.system import System, running_system

SEATS = [f"80{n:02d}" for n in range(1, 13)]
LINES, RESERVED = 14, 8
FLOOD = Flood(a_second=15, seconds=12, real_a_second=1.5)


@pytest.fixture(scope="module")
def system(tmp_path_factory: pytest.TempPathFactory) -> Iterator[System]:
    """As shipped but for its lines."""
    with running_system(
        tmp_path_factory.mktemp("flood"),
        190,
        police=SEATS,
        lines=LINES,
        trunk_channels=100,
        seats=dict.fromkeys(SEATS, Manner(ring_s=0.1, talk_s=1)),
        settings=f"[admission]\nreserved_lines = {RESERVED}\n",
    ) as system:
        system.town.call("13500000001", [Press("1"), Stay(15)])
        system.call_of("13500000001", 30)  # the forwarder has opened its store
        yield system


@pytest.mark.fault("49", how="15 INVITEs/s of one number for 14 s, past the switch")
def test_in_a_flood_of_one_number_every_real_caller_is_answered_and_police_ring_for_him(
    system: System, told: Finding
) -> None:
    before = footprint(system.node)
    numbers = ["13800000001"] * FLOOD.invites
    seen = FLOOD.beside(system, numbers)
    assert [one.caller for one in seen if one.answered_at is None] == []
    assert {one.rang[0].via for one in seen} == {"bridge"}
    assert {one.talked_to[0][:1] for one in seen} == {"8"}
    rows = reasons(system, numbers)
    assert rows["too-many-of-number"] > len(numbers) / 2
    assert rows["no-key"] > 0  # put behind, and served
    told.caller.append(figures(seen))
    told.records.append(f"{sum(rows.values())} rows of {len(numbers)} INVITEs: {rows}")
    told.leaks.append(wait_until_nothing_leaks(system.node, before, memory_spare_kb=256 * 1024))


@pytest.mark.control("49", without="the limits of admission")
def test_control_without_limits_the_flood_has_the_lines_and_real_callers_are_not_answered(
    system: System, told: Finding
) -> None:
    set_limits(system.node, freely=LINES)
    seen = FLOOD.beside(system, ["13800000002"] * FLOOD.invites)
    kept_out = sum(one.answered_at is None for one in seen)
    busy = sum(one.out == "blocked" for one in seen)
    assert kept_out > FLOOD.real / 2
    assert busy > 0
    told.caller.append(f"{kept_out} of {FLOOD.real} were not answered; {busy} heard busy")
