"""73 calls of one number: each reaches the police, and none stands before another's call."""

from collections.abc import Iterator

import pytest

from scripts.asterisk_console import ask
from scripts.chaos.findings import Finding
from scripts.lab import sipp
from scripts.lab.callers import Press, Stay, caller
from scripts.lab.footprint import footprint, wait_until_nothing_leaks
from scripts.lab.seats import Manner
from scripts.lab.sipp import Endpoint, Person
from scripts.lab.town import DUTY_TELEPHONE
from scripts.lab.waiting import wait_until
from tests.limits import set_limits, within_ten_minutes
from tests.real_asterisk.system import System, running_system

CALLS, A_SECOND, IN_TEN_MINUTES = 73, 4, 6
SEATS = ("8001", "8002", "8003", "8004")
QUICK = Manner(ring_s=0.1, talk_s=0.2)
NEVER = Manner(answers=False)


@pytest.fixture(scope="module")
def shipped(tmp_path_factory: pytest.TempPathFactory) -> Iterator[System]:
    """As shipped but for its lines."""
    with running_system(
        tmp_path_factory.mktemp("many"),
        192,
        police=SEATS,
        lines=10,
        trunk_channels=30,
        seats=dict.fromkeys(SEATS, QUICK),
    ) as system:
        system.town.call("13500000001", [Press("1"), Stay(15)])
        system.call_of("13500000001", 30)  # the forwarder has opened its store
        yield system


@pytest.mark.fault("50", how="73 calls of one number in 18 s, through the switch")
def test_seventy_three_calls_of_one_number_all_reach_the_police(
    shipped: System, told: Finding
) -> None:
    before, plan, number = footprint(shipped.node), shipped.town.plan, "13800000073"
    stream = sipp.call(
        plan.root / "many",
        "many",
        caller([Press("1"), Stay(30)], key_by_info=True),
        at=Endpoint(plan.callers_host, 7770, 37000),
        to=f"{plan.switch_host}:{plan.switch_port}",
        dial="110",
        people=[Person(number)] * CALLS,
        per_second=A_SECOND,
    )
    shipped.town.calls.append(stream)
    assert stream.wait(60), stream.complaint()

    def rows():
        found = [row for row in shipped.calls() if row.caller == number and row.ended_at]
        return found if len(found) == CALLS else []

    outcomes = [row.outcome for row in wait_until(rows, f"{CALLS} rows", 30)]
    assert outcomes == ["talked-to-police"] * CALLS
    queued = [
        int(step.data["prio"])
        for row in rows()
        for step in shipped.steps_of(row)
        if step.kind == "queued"
    ]
    # They may have begun in one ten minutes of the clock and ended in the next.
    assert CALLS - 2 * IN_TEN_MINUTES <= queued.count(0) <= CALLS - IN_TEN_MINUTES
    told.caller.append(f"{CALLS} of {CALLS} talked to the police, {queued.count(0)} of them behind")
    told.records.append(f"{CALLS} rows, talked-to-police")
    told.leaks.append(wait_until_nothing_leaks(shipped.node, before))


@pytest.fixture
def one_seat(tmp_path_factory: pytest.TempPathFactory) -> Iterator[System]:
    """One police seat that talks until its caller hangs up; nobody else answers."""
    seats = {"8001": Manner(ring_s=0.1, talk_s=90), DUTY_TELEPHONE: NEVER}
    root = tmp_path_factory.mktemp("one-seat")
    with running_system(
        root, 193, police=("8001",), seats=seats, lines=10, trunk_channels=20
    ) as system:
        yield system


def waiting(system: System) -> int:
    return ask(system.node.home, "queue show police").count("PJSIP/l110-trunk")


def served_first(system: System) -> str:
    """A number that has called before keys 1 and waits; then another calls and keys nothing."""
    town, again, other = system.town, "13800000050", "13900000051"
    town.call(again, [Press("1"), Stay(14)])
    wait_until(lambda: town.talks(again), "the seat to be busy", 10)
    town.call(again, [Press("1"), Stay(40)])
    wait_until(lambda: waiting(system) == 1, "the same number to wait", 10)
    town.call(other, [Stay(40)])
    wait_until(lambda: waiting(system) == 2, "the other caller to wait", 12)

    def served() -> str | None:
        return next((number for number in (again, other) if town.talks(number)), None)

    return wait_until(served, "one of the two to be served", 20)  # type: ignore[return-value]


@pytest.mark.fault("50", how="a second call of a number over its limit waits; then somebody calls")
def test_who_calls_too_often_is_served_after_one_who_came_later(
    one_seat: System, told: Finding
) -> None:
    within_ten_minutes(20)
    set_limits(one_seat.node, freely=10, per_10_min=1)
    assert served_first(one_seat) == "13900000051"
    told.caller.append("keyed 1 and over his limit: after one who came later and keyed nothing")


@pytest.mark.control("50", without="the limits of one number")
def test_control_without_limits_he_is_served_first(one_seat: System, told: Finding) -> None:
    set_limits(one_seat.node, freely=10)
    assert served_first(one_seat) == "13800000050"
    told.caller.append("keyed 1: before one who keyed nothing")
