"""200 INVITEs a second beside real callers: by one number, by many, and without a limit."""

import itertools
import time
from collections.abc import Iterator, Sequence

import pytest

from scripts.asterisk_console import ask
from scripts.chaos.findings import Finding
from scripts.lab import sipp
from scripts.lab.callers import Press, Stay, caller
from scripts.lab.footprint import footprint, wait_until_nothing_leaks
from scripts.lab.seats import Manner
from scripts.lab.sipp import Endpoint, Person, Sipp
from scripts.lab.waiting import wait_until
from scripts.lab.witness import Witness
from tests.real_asterisk.system import System, running_system

# 200 calls a second need both cores: `scripts/test faults -- -m load` on a quiet machine.
pytestmark = pytest.mark.load
SEATS = [f"80{n:02d}" for n in range(1, 17)]
LINES, A_SECOND, SECONDS, REAL_A_SECOND = 40, 200, 8, 2
REAL = REAL_A_SECOND * (SECONDS - 3)
NOBODY_LIMITS = 1_000_000
TURNS = itertools.count(1)


@pytest.fixture(scope="module")
def system(tmp_path_factory: pytest.TempPathFactory) -> Iterator[System]:
    seats = dict.fromkeys(SEATS, Manner(ring_s=0.1, talk_s=1))
    root = tmp_path_factory.mktemp("flood")
    with running_system(
        root, 142, police=SEATS, lines=LINES, trunk_channels=100, seats=seats
    ) as system:
        system.town.call("13500000001", [Press("1"), Stay(15)])
        system.call_of("13500000001", 30)  # the forwarder has opened its store
        yield system


def limits(system: System, *, per_number: int = NOBODY_LIMITS, new: int = NOBODY_LIMITS) -> None:
    freely = LINES if per_number == new else LINES - 5
    for name, value in (("PER_NUMBER", per_number), ("NEW_PER_S", new), ("LINES_FREELY", freely)):
        ask(system.node.home, f"dialplan set global L110_{name} {value}")
    ask(system.node.home, "dialplan set global L110_FLOOD_UNTIL 0")


def flood(system: System, numbers: Sequence[str]) -> Sipp:
    """From the switch's address, past the switch: nobody who is refused is rung for."""
    plan, turn = system.town.plan, next(TURNS)
    return sipp.call(
        plan.root / "flood",
        f"flood-{turn}",
        caller([Stay(12)]),
        at=Endpoint(plan.switch_host, 7770 + turn, 37000 + 10 * turn),
        to=f"{plan.node_host}:{plan.node_port}",
        dial="110",
        people=[Person(number) for number in numbers],
        per_second=A_SECOND,
    )


def real_callers(system: System) -> list[Witness]:
    """Each keys 1 as soon as he is answered; what the switch saw of each, when all are over."""
    plan, turn = system.town.plan, next(TURNS)
    numbers = [f"139{turn:04d}{n:04d}" for n in range(REAL)]
    stream = sipp.call(
        plan.root / "real",
        f"real-{turn}",
        caller([Press("1"), Stay(15)], key_by_info=True),
        at=Endpoint(plan.callers_host, 7800 + turn, 38000 + 10 * turn),
        to=f"{plan.switch_host}:{plan.switch_port}",
        dial="110",
        people=[Person(number) for number in numbers],
        per_second=REAL_A_SECOND,
    )
    stream.wait(60)
    return [system.town.ended(number) for number in numbers]


def under_fire(system: System, numbers: Sequence[str]) -> list[Witness]:
    """The real callers' calls in the middle of a flood; both are over when this returns."""
    attack = flood(system, numbers)
    time.sleep(1)  # a flood has no event of its own: it is at its height
    try:
        seen = real_callers(system)
        assert attack.wait(60), attack.complaint()
    finally:
        attack.stop()
    wait_until(lambda: not system.node.channels(), "everybody to be gone", 20)
    return seen


def slowest(figures: Sequence[float | None]) -> float:
    """Of so few, the slowest is the 99th percentile. Infinite: one never had it."""
    return max(float("inf") if one is None else one for one in figures)


def answer_s(seen: Witness) -> float | None:
    return None if seen.answered_at is None else seen.answered_at - seen.dialled_at


def reasons(system: System, numbers: Sequence[str]) -> dict[str, int]:
    """Rows of these numbers, by reason, once the store has every leg."""
    wanted, whole = set(numbers), len(numbers)

    def stored() -> list[str]:
        rows = [row for row in system.calls() if row.caller in wanted and row.ended_at]
        return [str(row.reason) for row in rows] if len(rows) == whole else []

    found = wait_until(stored, f"{whole} rows", 60)
    assert isinstance(found, list)
    return {reason: found.count(reason) for reason in sorted(set(found))}


@pytest.mark.fault("49", how="200 INVITEs/s of one number for 8 s, past the switch")
def test_a_flood_of_one_number_takes_no_line_from_real_callers(
    system: System, told: Finding
) -> None:
    limits(system, per_number=5)
    before = footprint(system.node)
    numbers = ["13800000001"] * (A_SECOND * SECONDS)
    seen = under_fire(system, numbers)
    assert slowest([answer_s(one) for one in seen]) <= 1.0
    assert slowest([one.first_ring_s for one in seen]) <= 3.0
    assert {one.talked_to[0][:1] for one in seen} == {"8"}
    rows = reasons(system, numbers)
    assert rows["too-many-of-number"] > 0.9 * len(numbers)
    told.caller.append(
        f"{REAL} real callers: answered within {slowest([answer_s(o) for o in seen]):.2f} s, "
        f"police rang within {slowest([o.first_ring_s for o in seen]):.2f} s of dialling"
    )
    told.records.append(f"{sum(rows.values())} rows of {len(numbers)} INVITEs: {rows}")
    told.leaks.append(wait_until_nothing_leaks(system.node, before, memory_spare_kb=256 * 1024))


@pytest.mark.fault("49", how="200 INVITEs/s of as many numbers for 8 s, past the switch")
def test_in_a_flood_of_many_numbers_every_real_caller_reaches_the_police(
    system: System, told: Finding
) -> None:
    limits(system, per_number=5, new=20)
    before = footprint(system.node)
    numbers = [f"137{n:08d}" for n in range(A_SECOND * SECONDS)]
    seen = under_fire(system, numbers)
    assert slowest([one.first_ring_s for one in seen]) <= 3.0
    assert {one.talked_to[0][:1] for one in seen} == {"8"}
    direct = sum(one.answered_at is None for one in seen)
    rows = reasons(system, numbers)
    assert rows["too-many-calls"] > 0.5 * len(numbers)
    told.caller.append(
        f"{REAL} real callers: police rang within {slowest([o.first_ring_s for o in seen]):.2f} s; "
        f"{direct} of them were refused with 503 and rung for by the switch itself, none was busy"
    )
    told.records.append(f"{sum(rows.values())} rows of {len(numbers)} INVITEs: {rows}")
    told.leaks.append(wait_until_nothing_leaks(system.node, before, memory_spare_kb=256 * 1024))


@pytest.mark.control("49", without="the limits of admission")
def test_control_without_limits_the_flood_has_the_lines_and_real_callers_are_busy(
    system: System, told: Finding
) -> None:
    limits(system)
    seen = under_fire(system, ["13800000002"] * (A_SECOND * SECONDS))
    busy = sum(one.out == "blocked" for one in seen)
    assert busy > REAL / 2
    told.caller.append(f"{busy} of {REAL} real callers heard busy")
