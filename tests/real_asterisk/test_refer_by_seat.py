"""The call-taker's key on a node that refers, and a switch that does not take the caller."""

from collections.abc import Iterator

import pytest

from scripts.lab.callers import Press, Stay
from scripts.lab.seats import Manner
from tests.real_asterisk.protections import FALLBACK, Protection
from tests.real_asterisk.refer_ways import PROTECTED, without
from tests.real_asterisk.system import System, running_system

SEATS = {"8001": Manner(ring_s=0.2, talk_s=30, keys="*2"), "7001": Manner(ring_s=0.2, talk_s=2)}
MODES = ("refuse", "unknown")


@pytest.fixture(scope="module")
def system(tmp_path_factory: pytest.TempPathFactory) -> Iterator[System]:
    with running_system(
        tmp_path_factory.mktemp("by-seat"),
        77,
        settings='[release]\nmode = "refer"\n',
        police=("8001",),
        livelihood=("7001",),
        seats=SEATS,
    ) as system:
        yield system


@pytest.mark.parametrize("lacks", [PROTECTED, without("the fallback", FALLBACK)])
@pytest.mark.parametrize("mode", MODES)
def test_a_caller_whom_the_switch_does_not_take_from_a_seat_goes_to_the_local_queue(
    system: System, mode: str, lacks: Protection | None
) -> None:
    number = f"1380000{MODES.index(mode)}00{int(lacks is not None)}"
    if lacks:
        lacks.take_out(system.node.home, number)
    system.town.switch.take_refers(mode)
    system.town.call(number, [Press("1"), Stay(60)])
    seen = system.town.ended(number, 60)
    assert seen.talked_to == (("8001", "7001") if lacks is None else ("8001",))
    call = system.call_of(number)
    assert len(system.legs_of(call)) == 1
    if lacks is None:
        kept = (call.reason, call.outcome, call.release_mode)
        assert kept == ("call-taker", "talked-to-livelihood", "redirect")
    system.assert_nothing_outlives_its_call()
