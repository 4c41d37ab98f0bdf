"""Doubt ends at the police: menu off, bridge away, bridge frozen, node dead, node frozen."""

import json
import re
import signal
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from routing.rules import parse_rules
from scripts.asterisk_console import ask
from scripts.asterisk_home import CHECKOUT
from scripts.chaos.findings import Finding
from scripts.cli.context import Site
from scripts.cli.records import audit
from scripts.lab.callers import Press, Stay, Wait
from scripts.lab.node import listens
from scripts.lab.seats import Manner
from scripts.lab.waiting import wait_until
from tests.real_asterisk.protections import Protection
from tests.real_asterisk.refer_ways import PROTECTED, without
from tests.real_asterisk.system import System, running_system
from tests.seen import in_words, nothing_left, pol

STAY = [Stay(30)]
END_RECORD = Protection("l110-end", "s", "CELGenUserEvent(L110_END")


@pytest.fixture(scope="module")
def system(tmp_path_factory: pytest.TempPathFactory) -> Iterator[System]:
    with running_system(tmp_path_factory.mktemp("doubt"), 5, lines=10, trunk_channels=20) as system:
        yield system


@pytest.mark.fault("1", how="the bridge is stopped; the local script asks")
def test_without_a_bridge_the_local_script_asks_and_the_call_is_on_record(
    system: System, told: Finding
) -> None:
    """The same menu: by the local script, in a process of its own for each call."""
    with nothing_left(system.node, told):
        system.node.processes["ivr"].stop()
        system.town.call("13800000001", [Wait(1), Press("1"), Stay(30)])
        system.town.call("13800000031", [Wait(1), Press("2"), Wait(0.5), Press("1"), Stay(60)])
        seen = system.town.ended("13800000001")
        rang = pol(system.town, seen)
        assert [seat[0] for seat in system.town.ended("13800000031", 60).talked_to] == ["7"]
        system.node.restart("ivr")
    police, livelihood = system.call_of("13800000001"), system.call_of("13800000031")
    assert (police.verdict, police.reason, police.key) == ("police", "rule", "1")
    assert (livelihood.verdict, livelihood.reason) == ("livelihood", "rule")
    assert {police.bridge, livelihood.bridge} == {"away"}
    assert (police.rule_id, livelihood.rule_id, livelihood.language) == ("key-1", "key-2", "zh")
    assert police.rules_version == rules_version(system)
    assert system.ticket_of(livelihood) is not None
    told.caller.append(f"asked by the local script: {rang}, his key among them")
    told.records.extend((in_words(police), f"{in_words(livelihood)}, 1 ticket"))


@pytest.mark.parametrize("lacks", [PROTECTED, without("the end record", END_RECORD)])
def test_of_a_silent_caller_whom_the_local_script_asked_all_is_on_record(
    system: System, lacks: Protection | None
) -> None:
    number = "13800000038" if lacks else "13800000037"
    if lacks:
        lacks.take_out(system.node.home, number)
    system.node.processes["ivr"].stop()
    system.town.call(number, [Wait(1), Press("5"), Stay(30)])
    system.town.ended(number)
    system.node.restart("ivr")
    call = system.call_of(number)
    told = (call.key, call.rule_id, call.rules_version, call.marks)
    assert (told == ("5", "key-5", rules_version(system), "silent")) is (lacks is None)


def rules_version(system: System) -> str:
    path = system.node.settings.rules_path
    return parse_rules(path.read_bytes(), str(path)).version


@pytest.mark.fault("1", how="neither bridge nor local script")
def test_without_bridge_and_script_the_police_ring_at_once(system: System, told: Finding) -> None:
    with nothing_left(system.node, told):
        system.node.processes["ivr"].stop()
        ask(system.node.home, "dialplan set global L110_FALLBACK /nowhere/fallback")
        system.town.call("13800000032", STAY)
        seen = system.town.ended("13800000032")
        fallback = CHECKOUT / "scripts/fallback"
        ask(system.node.home, f"dialplan set global L110_FALLBACK {fallback}")
        system.node.restart("ivr")
    call = system.call_of("13800000032")
    assert (call.verdict, call.bridge) == ("police", "away")
    told.caller.append(f"nobody asks: {pol(system.town, seen)}")
    told.records.append(in_words(call))


@pytest.mark.fault("1", how="the first bridge is stopped, a second one runs")
def test_a_second_bridge_is_asked_when_the_first_is_away(system: System, told: Finding) -> None:
    host = system.node.settings.agi.host
    with nothing_left(system.node, told):
        system.node.processes["ivr"].stop()
        system.node.start_one("ivr", {"L110_AGI__PORT": "4574"})
        wait_until(lambda: listens(host, 4574), "the second bridge", 10)
        ask(system.node.home, f"dialplan set global L110_AGI_2 agi://{host}:4574")
        with system.logged("ivr", "call.decided"):
            system.town.call("13800000034", [Wait(1), Press("1"), Stay(30)])
            seen = system.town.ended("13800000034")
        assert "set to ''" in ask(system.node.home, 'dialplan set global L110_AGI_2 ""')
        system.node.restart("ivr")
    row = system.call_of("13800000034")
    assert row.bridge == "seen"
    told.caller.append(f"asked by the second bridge: {pol(system.town, seen)}, his key among them")
    told.records.append(in_words(row))


@pytest.mark.fault("1", how="both bridges are stopped; the local script asks")
def test_when_both_bridges_are_away_the_local_script_asks(system: System, told: Finding) -> None:
    """Three rungs in one call: each that is away costs the caller nothing that he would notice."""
    host = system.node.settings.agi.host
    with nothing_left(system.node, told):
        system.node.processes["ivr"].stop()
        ask(system.node.home, f"dialplan set global L110_AGI_2 agi://{host}:4574")
        system.town.call("13800000035", [Wait(1), Press("1"), Stay(30)])
        seen = system.town.ended("13800000035")
        assert "set to ''" in ask(system.node.home, 'dialplan set global L110_AGI_2 ""')
        system.node.restart("ivr")
    row = system.call_of("13800000035")
    assert (row.verdict, row.reason, row.key, row.bridge) == ("police", "rule", "1", "away")
    told.caller.append(f"asked by the local script: {pol(system.town, seen)}, his key among them")
    told.records.append(in_words(row))


def test_a_bridge_that_is_back_is_asked_again_after_ten_seconds(system: System) -> None:
    wait_until(lambda: not skipped(system), "the first address to be tried again", 12)
    system.town.call("13800000033", [Wait(1), Press("1"), Stay(30)])
    system.town.ended("13800000033")
    assert system.call_of("13800000033").bridge == "seen"


def skipped(system: System) -> bool:
    """Whether the node leaves the first address out now."""
    shown = ask(system.node.home, "dialplan show globals")
    until = re.search(r"L110_DOWN_1=(\d+)", shown)
    return until is not None and int(until[1]) > time.time()


@pytest.mark.fault("5", how="SIGSTOP to the bridge")
def test_a_frozen_bridge_costs_the_caller_the_guard_and_no_more(
    system: System, told: Finding
) -> None:
    wait_until(lambda: not skipped(system), "the first address to be tried again", 12)
    with nothing_left(system.node, told):
        system.node.processes["ivr"].signal(signal.SIGSTOP)
        system.town.call("13800000002", STAY)
        seen = system.town.ended("13800000002")
        system.node.restart("ivr")
    row = system.call_of("13800000002")
    assert row.verdict == "police"
    told.caller.append(pol(system.town, seen))
    told.records.append(in_words(row))


@pytest.mark.control("5", without="the guard")
def test_control_without_the_guard_a_frozen_bridge_holds_the_caller(
    system: System, told: Finding
) -> None:
    """The same fault with the protection off: the test above can fail."""
    wait_until(lambda: not skipped(system), "the first address to be tried again", 12)
    ask(system.node.home, "dialplan set global L110_GUARD_S 0")
    system.node.processes["ivr"].signal(signal.SIGSTOP)
    system.town.call("13800000022", [Stay(5)])
    assert system.town.ended("13800000022").rang == ()
    system.node.restart("ivr")
    ask(system.node.home, "dialplan set global L110_GUARD_S 2")
    system.assert_nothing_outlives_its_call()
    told.caller.append("nobody rang until he hung up after 5 s")


@pytest.mark.fault("45", how="a file that is no rules, between two calls")
def test_rules_are_reloaded_between_two_calls_and_a_bad_file_changes_nothing(
    system: System,
) -> None:
    wait_until(lambda: not skipped(system), "the first address to be tried again", 12)
    rules = system.node.settings.rules_path
    good = rules.read_text()
    with system.logged("ivr", "rules.loaded"):
        rules.write_text(good.replace("enabled = true", "enabled = false"))
    system.town.call("13800000004", [Wait(0.5), Press("2"), Stay(30)])
    pol(system.town, system.town.ended("13800000004"))
    assert system.call_of("13800000004").reason == "menu-off"

    with system.logged("ivr", "rules.rejected"):
        rules.write_text("[menu]\nenabled = perhaps\n")
    system.town.call("13800000005", STAY)
    pol(system.town, system.town.ended("13800000005"))

    with system.logged("ivr", "rules.loaded"):
        rules.write_text(good)


@pytest.mark.fault("18", how="SIGKILL to Asterisk in a talk")
def test_who_was_talking_when_the_node_died_is_on_record_as_lost_with_it(system: System) -> None:
    system.town.call("13800000008", [Wait(0.5), Press("1"), Stay(10)])
    wait_until(lambda: system.town.talks("13800000008"), "the talk to begin", 10)
    system.node.processes["asterisk"].signal(signal.SIGKILL)
    system.node.restart("asterisk")
    assert system.call_of("13800000008").outcome == "node-lost"
    system.town.ended("13800000008")


@pytest.mark.fault("18", "60", how="SIGKILL to Asterisk, then a call")
def test_a_dead_node_makes_the_switch_ring_the_police_itself(system: System) -> None:
    system.node.processes["asterisk"].signal(signal.SIGKILL)
    system.town.call("13800000006", STAY)
    pol(system.town, system.town.ended("13800000006"))
    assert system.town.saw("13800000006").rang[0].via == "direct"
    system.node.restart("asterisk")


@pytest.mark.fault("19", "60", how="SIGSTOP to Asterisk, then a call")
def test_a_frozen_node_makes_the_switch_ring_the_police_itself(system: System) -> None:
    system.node.processes["asterisk"].signal(signal.SIGSTOP)
    system.town.call("13800000007", STAY)
    pol(system.town, system.town.ended("13800000007"))
    assert system.town.saw("13800000007").rang[0].via == "direct"
    system.node.processes["asterisk"].signal(signal.SIGCONT)


def test_after_all_this_the_audit_is_zero_against_the_switchs_own_list(system: System) -> None:
    """And, as the control, it is not zero with a line of that list taken out or put in."""
    system.wait_for_the_store()
    good = system.town.switch.export_list()
    result = audited(system, good)
    assert result.exit_code == 0, result.output
    told = json.loads(result.output)
    assert (told["missing"], told["doubled"], told["unexplained"]) == (0, 0, 0)
    assert told["switch"] == told["legs"] + told["unreached"]

    lines = good.read_text().splitlines(keepends=True)
    short, long = good.with_name("short.csv"), good.with_name("long.csv")
    short.write_text("".join([lines[0], *lines[2:]]))
    long.write_text("".join([*lines, f"forged@switch,13800000000,{time.time()},,answered\n"]))
    assert json.loads(audited(system, short).output)["unexplained"] == 1
    assert json.loads(audited(system, long).output)["missing"] == 1, audited(system, long).output
    assert audited(system, short).exit_code == audited(system, long).exit_code == 1


def audited(system: System, switch_list: Path) -> Result:
    command = ["calls", "--json", "--verbose", "--switch-cdr", str(switch_list)]
    return CliRunner().invoke(audit, command, obj=Site(system.node.config))


def test_with_the_menu_off_a_key_takes_nobody_away_from_the_police(tmp_path: Path) -> None:
    rules = Path("config/rules.toml").read_text().replace("enabled = true", "enabled = false")
    seats = {"8001": Manner(ring_s=4, talk_s=1)}
    with running_system(tmp_path, 6, rules=rules, police=("8001",), seats=seats) as system:
        system.town.call("13800000001", [Wait(1), Press("2"), Stay(30)])
        seen = system.town.ended("13800000001")
        assert seen.talked_to == ("8001",)
        call = system.call_of("13800000001")
        assert (call.reason, call.released_at) == ("menu-off", None)
