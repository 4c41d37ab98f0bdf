"""Doubt ends at the police: menu off, bridge away, bridge frozen, node dead, node frozen."""

import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from scripts.lab.callers import Press, Stay, Wait
from scripts.lab.waiting import wait_until
from tests.real_asterisk.system import System, running_system

STAY = [Stay(30)]


@pytest.fixture(scope="module")
def system(tmp_path_factory: pytest.TempPathFactory) -> Iterator[System]:
    with running_system(tmp_path_factory.mktemp("doubt"), 5, lines=10, trunk_channels=20) as system:
        yield system


def rings_police_within(system: System, number: str, seconds: float) -> None:
    seen = system.town.ended(number)
    assert seen.first_ring_s is not None
    assert seen.first_ring_s < seconds
    assert [seat[0] for seat in seen.talked_to] == ["8"]


def test_without_a_bridge_the_police_ring_at_once(system: System) -> None:
    system.node.processes["ivr"].stop()
    system.town.call("13800000001", STAY)
    rings_police_within(system, "13800000001", 3)
    call = system.call_of("13800000001")
    assert (call.verdict, call.bridge) == ("police", "away")
    system.node.restart("ivr")


def test_a_frozen_bridge_costs_the_caller_the_guard_and_no_more(system: System) -> None:
    system.node.processes["ivr"].signal(signal.SIGSTOP)
    system.town.call("13800000002", STAY)
    rings_police_within(system, "13800000002", 3)
    system.node.restart("ivr")
    assert system.call_of("13800000002").verdict == "police"


def test_a_bridge_killed_in_the_menu_leaves_the_caller_to_the_police(system: System) -> None:
    call = system.town.call("13800000003", STAY)
    wait_until(lambda: answered(system, "13800000003"), "the menu to begin", 5)
    system.node.processes["ivr"].signal(signal.SIGKILL)
    assert call.wait(40)
    assert [seat[0] for seat in system.town.saw("13800000003").talked_to] == ["8"]
    system.node.restart("ivr")
    row = system.call_of("13800000003")
    assert (row.verdict, row.bridge) == ("police", "lost")


def answered(system: System, number: str) -> bool:
    try:
        return system.town.saw(number).answered_at is not None
    except LookupError:
        return False


def test_rules_are_reloaded_between_two_calls_and_a_bad_file_changes_nothing(
    system: System,
) -> None:
    rules = system.node.settings.rules_path
    good = rules.read_text()
    with system.logged("ivr", "rules.loaded"):
        rules.write_text(good.replace("enabled = true", "enabled = false"))
    system.town.call("13800000004", [Wait(0.5), Press("2"), Stay(30)])
    rings_police_within(system, "13800000004", 1)
    assert system.call_of("13800000004").reason == "menu-off"

    with system.logged("ivr", "rules.rejected"):
        rules.write_text("[menu]\nenabled = perhaps\n")
    system.town.call("13800000005", STAY)
    rings_police_within(system, "13800000005", 1)

    with system.logged("ivr", "rules.loaded"):
        rules.write_text(good)


def test_a_dead_node_makes_the_switch_ring_the_police_itself(system: System) -> None:
    system.node.processes["asterisk"].signal(signal.SIGKILL)
    system.town.call("13800000006", STAY)
    rings_police_within(system, "13800000006", 3)
    assert system.town.saw("13800000006").rang[0].via == "direct"
    system.node.restart("asterisk")


def test_a_frozen_node_makes_the_switch_ring_the_police_itself(system: System) -> None:
    system.node.processes["asterisk"].signal(signal.SIGSTOP)
    system.town.call("13800000007", STAY)
    rings_police_within(system, "13800000007", 3)
    assert system.town.saw("13800000007").rang[0].via == "direct"
    system.node.processes["asterisk"].signal(signal.SIGCONT)


def test_with_the_menu_off_a_key_takes_nobody_away_from_the_police(tmp_path: Path) -> None:
    rules = Path("config/rules.toml").read_text().replace("enabled = true", "enabled = false")
    from scripts.lab.town import Manner

    seats = {"8001": Manner(ring_s=4, talk_s=1)}
    with running_system(tmp_path, 6, rules=rules, police=("8001",), seats=seats) as system:
        system.town.call("13800000001", [Wait(1), Press("2"), Stay(30)])
        seen = system.town.ended("13800000001")
        assert seen.talked_to == ("8001",)
        call = system.call_of("13800000001")
        assert (call.reason, call.released_at) == ("menu-off", None)
