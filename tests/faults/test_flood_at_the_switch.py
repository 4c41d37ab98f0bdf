"""A flood through the switch: whom this node refuses, the switch rings the police for."""

import itertools
from collections.abc import Iterator, Sequence

import pytest

from scripts.chaos.findings import Finding
from scripts.lab import sipp
from scripts.lab.callers import Press, Stay, caller
from scripts.lab.footprint import footprint, wait_until_nothing_leaks
from scripts.lab.seats import Manner
from scripts.lab.sipp import Endpoint, Person
from scripts.lab.witness import Witness
from tests.faults.flooded import rang_s
from tests.limits import dialplan_changed, set_limits
from tests.real_asterisk.system import System, running_system

SEATS = ("8001", "8002", "8003")
LINES, CALLS, A_SECOND, NEW_PER_S = 30, 40, 10, 2
REFUSAL = "L110_REASON=too-many-calls)\n same => n,Hangup(34)"
TURNS = itertools.count(1)


@pytest.fixture(scope="module")
def system(tmp_path_factory: pytest.TempPathFactory) -> Iterator[System]:
    with running_system(
        tmp_path_factory.mktemp("flood"),
        191,
        police=SEATS,
        lines=LINES,
        trunk_channels=100,
        seats=dict.fromkeys(SEATS, Manner(ring_s=0.1, talk_s=0.3)),
    ) as system:
        system.town.call("13500000001", [Press("1"), Stay(15)])
        system.call_of("13500000001", 30)  # the forwarder has opened its store
        yield system


def flood(system: System) -> Sequence[Witness]:
    """Many numbers, all of them real to the switch; what it saw of each."""
    plan, turn = system.town.plan, next(TURNS)
    numbers = [f"137{turn:04d}{n:04d}" for n in range(CALLS)]
    stream = sipp.call(
        plan.root / "flood",
        f"flood-{turn}",
        caller([Press("1"), Stay(30)], key_by_info=True),
        at=Endpoint(plan.callers_host, 7770 + turn, 37000 + 200 * turn),
        to=f"{plan.switch_host}:{plan.switch_port}",
        dial="110",
        people=[Person(number) for number in numbers],
        per_second=A_SECOND,
    )
    system.town.calls.append(stream)
    stream.wait(60)
    return [system.town.ended(number, 40) for number in numbers]


@pytest.mark.fault("49", how="10 callers/s through the switch, 2 new ones a second let in")
def test_whoever_is_refused_in_a_flood_is_rung_for_by_the_switch_itself(
    system: System, told: Finding
) -> None:
    before = footprint(system.node)
    set_limits(system.node, freely=LINES, new=NEW_PER_S)
    seen = flood(system)
    refused = [one for one in seen if one.answered_at is None]
    assert CALLS / 2 < len(refused) < CALLS
    assert {one.rang[0].via for one in refused} == {"direct"}
    assert max(rang_s(one) for one in refused) <= 3.0
    assert {one.talked_to[0][:1] for one in seen} == {"8"}
    system.wait_for_the_store()
    rows = [row for row in system.calls() if row.reason == "too-many-calls"]
    assert len(rows) == len(refused)
    rang = 1000 * max(rang_s(one) for one in refused)
    told.caller.append(
        f"{len(refused)} of {CALLS} refused; the switch rang the police for each within "
        f"{rang:.0f} ms of dialling, all talked"
    )
    told.leaks.append(wait_until_nothing_leaks(system.node, before))


@pytest.mark.control("49", without="503: who is refused hears 486 as if every line were taken")
def test_control_refused_with_486_they_hear_busy(system: System, told: Finding) -> None:
    busy = REFUSAL.replace("34", "17")
    with dialplan_changed(system.node, "admission.conf", REFUSAL, busy):
        set_limits(system.node, freely=LINES, new=NEW_PER_S)
        seen = flood(system)
    blocked = sum(one.out == "blocked" for one in seen)
    assert blocked > CALLS / 2
    told.caller.append(f"{blocked} of {CALLS} heard busy")
