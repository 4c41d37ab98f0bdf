"""The call-taker's key on a node that refers, and a switch that does not take the caller."""

from collections.abc import Iterator

import pytest

from scripts.lab.callers import Press, Stay
from scripts.lab.seats import Manner
from scripts.lab.witness import Witness
from tests.limits import dialplan_changed
from tests.real_asterisk.protections import ENDS_THE_FIRST, FALLBACK, GUARD, Protection
from tests.real_asterisk.refer_ways import PROTECTED, without
from tests.real_asterisk.system import System, running_system

SEATS = {"8001": Manner(ring_s=0.2, talk_s=30, keys="*2"), "7001": Manner(ring_s=0.2, talk_s=6)}
MODES = ("refuse", "unknown", "lose", "late")
GUARD_S = 2
# Nobody here listens to the fifteen seconds of it.
NO_SECOND_PROMPT = ("Background(l110/service-menu)", "NoOp()")


@pytest.fixture(scope="module")
def system(tmp_path_factory: pytest.TempPathFactory) -> Iterator[System]:
    with (
        running_system(
            tmp_path_factory.mktemp("by-seat"),
            77,
            settings=f'[release]\nmode = "refer"\n[queues]\nrefer_guard_s = {GUARD_S}\n',
            police=("8001",),
            livelihood=("7001",),
            seats=SEATS,
        ) as system,
        dialplan_changed(system.node, "extensions.conf", *NO_SECOND_PROMPT),
    ):
        yield system


def handed_over(system: System, mode: str, lacks: Protection | None) -> Witness:
    """A caller at the police whose seat presses its key, while the switch is in this manner."""
    number = f"1380000{MODES.index(mode)}00{int(lacks is not None)}"
    if lacks:
        lacks.take_out(system.node.home, number)
    system.town.switch.take_refers(mode)
    system.town.call(number, [Press("1"), Stay(60)])
    return system.town.ended(number, 60)


@pytest.mark.parametrize("lacks", [PROTECTED, without("the fallback", FALLBACK)])
@pytest.mark.parametrize("mode", ["refuse", "unknown"])
def test_a_caller_whom_the_switch_does_not_take_from_a_seat_goes_to_the_local_queue(
    system: System, mode: str, lacks: Protection | None
) -> None:
    seen = handed_over(system, mode, lacks)
    assert seen.talked_to == (("8001", "7001") if lacks is None else ("8001",))
    call = system.call_of(seen.caller)
    assert len(system.legs_of(call)) == 1
    if lacks is None:
        kept = (call.reason, call.outcome, call.release_mode)
        assert kept == ("call-taker", "talked-to-livelihood", "redirect")
    system.assert_nothing_outlives_its_call()


@pytest.mark.parametrize("lacks", [PROTECTED, without("the guard", GUARD)])
def test_a_switch_that_takes_a_seats_caller_and_loses_him_costs_no_more_than_the_guard(
    system: System, lacks: Protection | None
) -> None:
    seen = handed_over(system, "lose", lacks)
    call = system.call_of(seen.caller, 60)
    assert call.reason == "call-taker"
    assert call.release_ms is not None
    assert (call.release_ms < (GUARD_S + 2) * 1000) is (lacks is None)
    assert len(system.tickets_of(call)) == 1
    system.assert_nothing_outlives_its_call()


@pytest.mark.parametrize("lacks", [PROTECTED, without("his first leg's end", ENDS_THE_FIRST)])
def test_a_seats_caller_who_comes_back_after_the_guard_keeps_one_of_his_two_legs(
    system: System, lacks: Protection | None
) -> None:
    seen = handed_over(system, "late", lacks)
    assert seen.talked_to == ("8001", "7001") + (("7001",) if lacks else ())
    call = system.call_of(seen.caller, 60)
    assert (call.reason, call.release_mode) == ("call-taker", "refer")
    assert (len(system.legs_of(call)), len(system.tickets_of(call))) == (2, 1)
    system.assert_nothing_outlives_its_call()
