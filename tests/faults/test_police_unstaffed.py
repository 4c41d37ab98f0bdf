"""No police seat that could ring: callers go to the next destination, and the node says so."""

from collections.abc import Iterator

import pytest

from scripts.asterisk_console import ask
from scripts.chaos.findings import Finding
from scripts.lab.callers import Press, Stay
from scripts.lab.seats import Manner
from scripts.lab.telephone import Telephone
from tests.faults.missing_seats import TWO
from tests.faults.watched import NO_TESTS, cleared_within, logged, raised_within, stays_quiet
from tests.real_asterisk.system import System, running_system

pytestmark = pytest.mark.real_asterisk
ALARM, AFTER_S = "police-unstaffed", 5
ELSEWHERE = {"L110_POLICE__DESTINATIONS": '["dial:8199"]'}


@pytest.fixture(scope="module")
def system(tmp_path_factory: pytest.TempPathFactory) -> Iterator[System]:
    """Seat 8001 is a telephone of the node, 8002 stands behind the switch; no calls of its own."""
    root = tmp_path_factory.mktemp("unstaffed")
    seats = {"8199": Manner(ring_s=0.2, talk_s=1)}
    with running_system(root, 206, police=TWO, registered=("8001",), seats=seats) as system:
        yield system


@pytest.fixture
def seat(system: System) -> Iterator[Telephone]:
    yield system.telephones.staff("8001", Manner(ring_s=0.2, talk_s=60))
    system.telephones.leave()
    pauses(system, "8002", on=False)
    system.assert_nothing_outlives_its_call()


def pauses(system: System, number: str, *, on: bool) -> None:
    """As who sits there does it: of his own will, which is no alarm by itself."""
    word = "pause" if on else "unpause"
    said = ask(system.node.home, f"queue {word} member PJSIP/seat-{number}")
    assert "paused interface" in said


@pytest.mark.fault("55", how="one police seat unregisters, the other pauses itself")
def test_seats_that_are_all_away_are_an_alarm_and_one_that_is_back_ends_it(
    system: System, seat: Telephone, told: Finding
) -> None:
    system.node.start_watch(NO_TESTS)
    pauses(system, "8002", on=True)
    assert stays_quiet(system.node, ALARM, AFTER_S + 2)
    system.telephones.leave()
    took_s, about = raised_within(system.node, ALARM, AFTER_S + 5)
    assert about == "paused or away: seat-8001, seat-8002"
    assert set(system.node.alarms()) == {ALARM}
    assert logged(system, ALARM)
    system.town.call("13800055101", [Press("1"), Stay(20)])
    assert system.town.ended("13800055101").talked_to == ("8199",)
    system.telephones.staff("8001")
    well_s = cleared_within(system.node, ALARM, 5)
    told.caller.append("talked to the duty telephone, the next destination")
    told.records.append(f"alarm after {took_s:.1f} s; over {well_s:.1f} s after a seat came back")


@pytest.mark.fault("55", how="the only police seat that is there talks, the other is paused")
def test_a_seat_that_is_busy_is_not_away(system: System, seat: Telephone, told: Finding) -> None:
    system.node.start_watch(NO_TESTS)
    pauses(system, "8002", on=True)
    system.town.call("13800055102", [Press("1"), Stay(30)])
    seat.wait_for("answered", timeout_s=15)
    assert stays_quiet(system.node, ALARM, AFTER_S + 2)
    assert not seat.free
    pauses(system, "8001", on=True)
    raised_within(system.node, ALARM, AFTER_S + 5)
    pauses(system, "8001", on=False)
    cleared_within(system.node, ALARM, 5)
    seat.hang_up()
    system.town.ended("13800055102")
    told.records.append("no alarm while it talked; one when it was paused too")


@pytest.mark.control("55", without="the look at the seats: as if the police were elsewhere")
def test_control_without_the_look_nobody_says_that_the_police_seats_are_away(
    system: System, told: Finding
) -> None:
    system.node.start_watch({**NO_TESTS, **ELSEWHERE})
    pauses(system, "8002", on=True)
    assert stays_quiet(system.node, ALARM, AFTER_S + 4)
    assert system.node.alarms() == {}
    pauses(system, "8002", on=False)
    told.records.append(f"no police seat for {AFTER_S + 4} s, and no word of it")
