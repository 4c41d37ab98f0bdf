"""200 INVITEs a second beside two real callers a second: needs both cores of a quiet machine.

By name only: `scripts/test faults -- -m load`. It comes past the lab's switch, as in test_flood.py.
"""

from collections.abc import Iterator

import pytest

from scripts.chaos.findings import Finding
from scripts.lab.callers import Press, Stay
from scripts.lab.footprint import footprint, wait_until_nothing_leaks
from scripts.lab.seats import Manner
from tests.faults.flooded import Flood, answered_s, figures, percentile, rang_s, reasons
from tests.limits import set_limits
from tests.real_asterisk.system import System, running_system

pytestmark = pytest.mark.load
SEATS = [f"80{n:02d}" for n in range(1, 17)]
LINES, RESERVED = 40, 30
FLOOD = Flood(a_second=200, seconds=60, real_a_second=2)
MEMORY_SPARE_KB = 256 * 1024  # Asterisk's heap grows to the size of its crowd


@pytest.fixture(scope="module")
def system(tmp_path_factory: pytest.TempPathFactory) -> Iterator[System]:
    """As shipped but for its lines."""
    with running_system(
        tmp_path_factory.mktemp("flood"),
        142,
        police=SEATS,
        lines=LINES,
        trunk_channels=100,
        seats=dict.fromkeys(SEATS, Manner(ring_s=0.1, talk_s=1)),
        settings=f"[admission]\nreserved_lines = {RESERVED}\n",
    ) as system:
        system.town.call("13500000001", [Press("1"), Stay(15)])
        system.call_of("13500000001", 30)  # the forwarder has opened its store
        yield system


@pytest.mark.fault("49", how="200 INVITEs/s of one number for a minute, past the switch")
def test_two_hundred_calls_a_second_of_one_number_keep_no_real_caller_waiting(
    system: System, told: Finding
) -> None:
    before = footprint(system.node)
    numbers = ["13800000001"] * FLOOD.invites
    seen = FLOOD.beside(system, numbers)
    assert len(seen) >= 100
    told.caller.append(figures(seen))

    assert percentile([answered_s(one) for one in seen], 0.99) <= 1.0
    assert percentile([rang_s(one) for one in seen], 0.99) <= 3.0
    assert {one.rang[0].via for one in seen} == {"bridge"}
    assert {one.talked_to[0][:1] for one in seen} == {"8"}
    rows = reasons(system, numbers, 300)
    assert rows["too-many-of-number"] > 0.9 * len(numbers)
    told.records.append(f"{sum(rows.values())} rows of {len(numbers)} INVITEs: {rows}")
    told.leaks.append(
        wait_until_nothing_leaks(system.node, before, memory_spare_kb=MEMORY_SPARE_KB)
    )


@pytest.mark.fault("49", how="200 INVITEs/s of as many numbers for a minute, past the switch")
def test_in_a_flood_of_many_numbers_every_real_caller_reaches_the_police(
    system: System, told: Finding
) -> None:
    before = footprint(system.node)
    numbers = [f"137{n:08d}" for n in range(FLOOD.invites)]
    seen = FLOOD.beside(system, numbers)
    direct = sum(one.answered_at is None for one in seen)
    told.caller.append(f"{figures(seen)}; {direct} refused with 503, rung for by the switch itself")

    assert percentile([rang_s(one) for one in seen], 0.99) <= 3.0
    assert {one.talked_to[0][:1] for one in seen} == {"8"}
    rows = reasons(system, numbers, 300)
    assert rows["too-many-calls"] > 0.5 * len(numbers)
    told.records.append(f"{sum(rows.values())} rows of {len(numbers)} INVITEs: {rows}")
    told.leaks.append(
        wait_until_nothing_leaks(system.node, before, memory_spare_kb=MEMORY_SPARE_KB)
    )


@pytest.mark.control("49", without="the limits of admission")
def test_control_without_limits_nearly_every_real_caller_is_busy(
    system: System, told: Finding
) -> None:
    set_limits(system.node, freely=LINES)
    flood = Flood(a_second=200, seconds=10, real_a_second=2)
    seen = flood.beside(system, ["13800000002"] * flood.invites)
    busy = sum(one.out == "blocked" for one in seen)
    assert busy > flood.real / 2
    told.caller.append(f"{busy} of {flood.real} real callers heard busy")
