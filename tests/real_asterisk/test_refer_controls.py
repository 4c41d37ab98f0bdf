"""The protections of a REFER taken out one by one: each time a line is lost, so tests can fail."""

import time
from collections.abc import Iterator

import pytest

from scripts.asterisk_console import ask
from scripts.lab import sipp
from scripts.lab.sipp import Endpoint, Person, Sipp
from scripts.lab.switch_stub import Refer, referred_caller
from scripts.lab.waiting import wait_until
from tests.real_asterisk.system import Records, node_alone

GUARD_S = 2
WATCHED_S = 4  # twice the guard, and four times what a BYE may take


@pytest.fixture
def system(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Records]:
    settings = f'[release]\nmode = "refer"\n[queues]\nrefer_guard_s = {GUARD_S}\n'
    with node_alone(tmp_path_factory.mktemp("control"), 15, settings=settings) as system:
        yield system


def play(system: Records, refer: Refer) -> Sipp:
    """A caller presses 2 on a switch that takes the REFER like that; return when he has."""
    sip = system.node.settings.sip
    call = sipp.call(
        system.node.settings.var.parent / "sipp",
        "caller",
        referred_caller(refer),
        at=Endpoint(sip.switch_host, 7100, 31000),
        to=f"{sip.host}:{sip.port}",
        dial="110",
        people=[Person("13800000001")],
    )
    cel = system.node.settings.cel_path
    wait_until(lambda: "L110_REFERRED" in cel.read_text(), "the REFER", 10)
    return call


def holds_a_line(system: Records) -> bool:
    return " l110 " in ask(system.node.home, "group show channels")


def held_all_the_time(system: Records) -> bool:
    end = time.monotonic() + WATCHED_S
    while time.monotonic() < end:
        if not holds_a_line(system):
            return False
        time.sleep(0.2)
    return True


@pytest.mark.parametrize("guarded", [True, False])
def test_a_silent_switch_holds_the_line_unless_the_guard_is_there(
    system: Records, guarded: bool
) -> None:
    if not guarded:
        ask(system.node.home, "dialplan set global L110_REFER_GUARD_S 0")
    call = play(system, Refer(stay_s=WATCHED_S + 4))
    assert held_all_the_time(system) is not guarded
    call.stop()


@pytest.mark.parametrize("handled", [True, False])
def test_a_bye_in_mid_refer_holds_the_line_unless_the_hangup_handler_gives_it_back(
    system: Records, handled: bool
) -> None:
    ask(system.node.home, "dialplan set global L110_REFER_GUARD_S 60")
    if not handled:
        ask(system.node.home, "dialplan remove extension s@l110-end")
    play(system, Refer(bye_after_s=0.2)).wait(10)
    assert held_all_the_time(system) is not handled
