"""A seat that answers and is gone before it was put together with its caller."""

from collections.abc import Iterator, Sequence

import pytest

from scripts.lab.callers import Action, Press, Stay, Wait
from scripts.lab.seats import Manner
from scripts.lab.telephone import Telephone
from scripts.lab.waiting import wait_until
from tests.limits import dialplan_changed
from tests.real_asterisk.given import TALKS_ON, name, slots_held, two_seats_a_side
from tests.real_asterisk.system import System

GONE = Manner(ring_s=0.2, talk_s=0.2)
# As slow as a node is under far too much load: what is done when a seat answers takes a second.
ANSWERED, SLOWLY = "[l110-seat]\nexten => s,1,", "[l110-seat]\nexten => s,1,Wait(1)\n same => n,"
LOOK = 'GotoIf($["${L110_TALKS}" = ""]?again)'
TO_POLICE: Sequence[Action] = [Press("1"), Stay(30)]
TO_LIVELIHOOD: Sequence[Action] = [Press("2"), Wait(1), Press("1"), Stay(30)]
SEAT_OF: dict[Action, str] = {Press("1"): "8001", Press("2"): "7001"}


@pytest.fixture(scope="module")
def system(tmp_path_factory: pytest.TempPathFactory) -> Iterator[System]:
    with two_seats_a_side(tmp_path_factory.mktemp("gone"), 97) as system:
        yield system


@pytest.fixture(autouse=True)
def slow(system: System) -> Iterator[None]:
    with dialplan_changed(system.node, "seats.conf", ANSWERED, SLOWLY):
        yield
    system.telephones.leave()
    system.assert_nothing_outlives_its_call()


def seat_gone_once(system: System, number: str, keys: Sequence[Action]) -> Telephone:
    """The caller's only seat answers, is gone at once, and would take the next ringing up."""
    seat = system.telephones.staff(SEAT_OF[keys[0]], GONE)
    system.town.call(number, keys, speaks=True)
    seat.wait_for("answered", timeout_s=15)
    seat.wait_for("ended", "us")
    seat.manner = TALKS_ON
    return seat


def hears_him(seat: Telephone) -> bool:
    return not seat.free and seat.talk.sound.heard > 50


@pytest.mark.parametrize(
    ("keys", "number", "outcome"),
    [
        (TO_POLICE, "13800000001", "talked-to-police"),
        (TO_LIVELIHOOD, "13800000002", "talked-to-livelihood"),
    ],
)
def test_the_caller_is_not_hung_up_but_rings_again(
    system: System, keys: Sequence[Action], number: str, outcome: str
) -> None:
    seat = seat_gone_once(system, number, keys)
    wait_until(lambda: hears_him(seat), "the caller's voice", 15)
    seat.hang_up()
    system.town.ended(number)
    call = system.call_of(number, 10)
    assert (call.outcome, call.seat) == (outcome, name(seat))
    queued = [step for step in system.steps_of(call) if step.kind == "queued"]
    assert len(queued) >= 2
    assert slots_held(system) == 0


@pytest.mark.control(without="the look whether the two were put together")
def test_control_without_the_look_he_is_hung_up_having_talked_to_nobody(system: System) -> None:
    with dialplan_changed(system.node, "handover.conf", LOOK, "NoOp()"):
        seat_gone_once(system, "13800000003", TO_POLICE)
        system.town.ended("13800000003", 5)
    call = system.call_of("13800000003", 10)
    assert call.outcome == "left-waiting-for-police"
