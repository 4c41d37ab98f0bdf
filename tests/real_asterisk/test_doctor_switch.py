"""`l110 doctor --switch` on a real switch in all its modes: the verdict, and nothing is left."""

import os
import signal
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from db.engine import reading
from reports.audit import audit_calls
from reports.switch_list import read_switch_list
from reports.witnesses import cel_starts
from scripts.asterisk_console import ask
from scripts.lab.callers import HangUp, Stay, Wait
from scripts.lab.waiting import wait_until
from tests.real_asterisk.doctor import Doctor
from tests.real_asterisk.system import System, running_system

GUARD_S = 2
SETTINGS = f"""
[queues]
refer_guard_s = {GUARD_S}
[doctor]
test_number = "110"
caller_number = "99900110"
"""
MODES = {
    "well": ("refer", "works"),
    "refuse": ("redirect", "refused"),
    "unknown": ("redirect", "failed"),
    "strip": ("redirect", "id-lost"),
    "lose": ("redirect", "silent"),
    "late": ("redirect", "late"),
}
NUMBERS = {mode: f"1380000000{place}" for place, mode in enumerate(MODES)}


@pytest.fixture(scope="module")
def system(tmp_path_factory: pytest.TempPathFactory) -> Iterator[System]:
    with running_system(tmp_path_factory.mktemp("doctor"), 60, settings=SETTINGS) as system:
        yield system


def trial(system: System, number: str) -> dict[str, object]:
    doctor = Doctor(system.node.config, "--from", number, "--wait", "30")
    doctor.ready()
    system.town.call(number, [Stay(30)])
    return doctor.found()


def armed_lines(system: System) -> int:
    return ask(system.node.home, "dialplan show l110-intake").count("CID match")


def logs_sip(system: System) -> bool:
    """Whether Asterisk still writes a capture: it may be unlinked, and would be held open."""
    pid = system.node.processes["asterisk"].pid
    folder = f"/proc/{pid}/fd"
    return any(".pcap" in str(held.readlink()) for held in Path(folder).iterdir())


def assert_nothing_is_left(system: System) -> None:
    assert armed_lines(system) == 0
    assert not logs_sip(system)
    assert [path.name for path in (system.node.settings.var / "doctor").iterdir()] == ["lock"]
    system.assert_nothing_outlives_its_call()


@pytest.mark.parametrize("mode", MODES)
def test_the_verdict_is_what_the_switch_does(system: System, mode: str) -> None:
    system.town.switch.take_refers(mode)
    found = trial(system, NUMBERS[mode])
    assert (found["mode"], found["why"], found["status"]) == (*MODES[mode], 0)
    assert found["judged"] is True
    assert_nothing_is_left(system)


def test_no_trial_was_a_call_or_rang_a_seat_or_opened_a_ticket(system: System) -> None:
    found = trial(system, "13800000009")
    assert found["judged"]
    wait_until(lambda: all(leg.ended_at for leg in system.legs()), "the legs to end", 10)
    legs = system.legs()
    assert len(legs) >= 2
    assert {(leg.call_id, leg.end_reason) for leg in legs} == {(None, "test")}
    assert [row for row in system.calls() if row.caller == "13800000009"] == []
    events = system.town.switch.events()
    assert not [event for event in events if event.name.startswith("SW_SEAT")]
    assert "l110 " not in ask(system.node.home, "group show channels")


def test_the_node_calls_by_itself_and_nobody_is_needed(system: System) -> None:
    system.town.switch.take_refers("well")
    found = Doctor(system.node.config).found()
    assert (found["mode"], found["why"], found["status"]) == ("refer", "works", 0)
    seen = found["seen"]
    assert (seen["answer"], seen["id_kept"], seen["cleared_by"]) == (202, True, "node")
    assert [one["status"] for one in seen["notified"]] == [100, 200]
    assert 0 <= seen["returned_ms"] <= seen["cleared_ms"] < GUARD_S * 1000
    assert_nothing_is_left(system)


def test_the_release_of_other_callers_is_not_touched(system: System) -> None:
    """A second call of the same number, and anybody else's, go the usual way meanwhile."""
    doctor = Doctor(system.node.config, "--from", "13800000010", "--wait", "30")
    doctor.ready()
    system.town.call("13800000011", [Wait(1), Stay(20)])
    system.town.call("13800000010", [Stay(20)])
    assert doctor.found()["judged"]
    assert system.call_of("13800000011", 30).outcome == "talked-to-police"
    system.town.call("13800000010", [Stay(20)])
    assert system.call_of("13800000010", 30).outcome == "talked-to-police"


def test_a_caller_who_hangs_up_before_the_refer_decides_nothing(system: System) -> None:
    doctor = Doctor(system.node.config, "--from", "13800000019", "--wait", "30")
    doctor.ready()
    system.town.call("13800000019", [Wait(0.2), HangUp()])
    found = doctor.found()
    assert (found["judged"], found["why"], found["status"]) == (False, "no-refer", 1)
    assert_nothing_is_left(system)


def test_a_call_that_never_comes_is_an_error_that_says_who_called_instead(system: System) -> None:
    doctor = Doctor(system.node.config, "--from", "13800000020", "--wait", "4")
    doctor.ready()
    system.town.call("13800000021", [Stay(1)])
    found = doctor.found()
    assert (found["why"], found["status"], found["mode"]) == ("no-call-came", 1, None)
    assert "138****0021" in found["says"]["en"][0]
    assert "1380000002" not in str(found) + "".join(doctor.said)
    assert_nothing_is_left(system)


@pytest.mark.parametrize("cleaned", [False, True])
def test_a_killed_trial_leaves_nothing_behind(system: System, cleaned: bool) -> None:
    """The control: with its cleaner killed too, everything stays."""
    number = "13800000030"
    doctor = Doctor(system.node.config, "--from", number)
    doctor.ready()
    assert armed_lines(system) == 3
    assert logs_sip(system)
    if not cleaned:
        children = Path(f"/proc/{doctor.pid}/task/{doctor.pid}/children").read_text().split()
        os.killpg(int(children[0]), signal.SIGKILL)
    os.kill(doctor.pid, signal.SIGKILL)
    doctor.process.communicate(timeout=5)
    if cleaned:
        wait_until(lambda: not armed_lines(system), "the lines to be taken away", 10)
        assert_nothing_is_left(system)
        return
    time.sleep(3)  # more than the cleaner needs
    assert armed_lines(system) == 3
    assert logs_sip(system)
    take_away(system, number)


def take_away(system: System, number: str) -> None:
    """What the cleaner would have done."""
    ask(system.node.home, "pjsip set logger off")
    for extension in ("110", "livelihood", "_livelihood;l110=."):
        ask(system.node.home, f"dialplan remove extension {extension}/{number}@l110-intake 1")
    for capture in (system.node.settings.var / "doctor").glob("*.pcap"):
        capture.unlink()


def test_to_take_away_a_line_that_is_not_there_takes_nobody_elses(system: System) -> None:
    home = system.node.home
    before = ask(home, "dialplan show l110-intake")
    for extension in ("110", "livelihood", "_livelihood;l110=."):
        ask(home, f"dialplan remove extension {extension}/13800000031@l110-intake 1")
    assert ask(home, "dialplan show l110-intake") == before


@pytest.mark.parametrize("in_time", [False, True])
def test_a_line_that_stayed_behind_leads_to_the_menu_when_its_time_is_over(
    system: System, in_time: bool
) -> None:
    """In time it would be taken: that is the control."""
    home, number = system.node.home, f"1380000004{in_time:d}"
    until = int(time.time()) + (60 if in_time else -1)
    line = f"110/{number},1,Gosub(l110-doctor-gate,first,1)"
    ask(home, f"dialplan set global L110_DOCTOR_UNTIL {until}")
    ask(home, f"dialplan add extension {line} into l110-intake")
    try:
        system.town.call(number, [Stay(12)])
        seen = system.town.ended(number)
        assert bool(seen.talked) is not in_time
    finally:
        ask(home, f"dialplan remove extension 110/{number}@l110-intake 1")
        ask(home, "dialplan set global L110_DOCTOR_UNTIL 0")


def test_two_trials_at_once_are_refused(system: System) -> None:
    first = Doctor(system.node.config, "--from", "13800000050", "--wait", "15")
    first.ready()
    assert Doctor(system.node.config).found()["why"] == "busy"
    assert first.found()["why"] == "no-call-came"


def test_the_audit_leaves_trials_out_on_both_sides(system: System) -> None:
    system.wait_for_the_store()
    system.town.switch.export_list()
    listed = read_switch_list(system.town.switch.list_path)
    with reading(system.node.engine) as session:
        audit = audit_calls(session, listed, cel_starts=cel_starts(system.node.settings.cel_path))
    tests = [leg for leg in system.legs() if leg.end_reason == "test"]
    assert audit.clean, audit.findings
    assert audit.tests == len(tests) > 10
    assert audit.legs == audit.switch == len(system.legs()) - len(tests)
    assert len(listed) == len(system.legs())


def test_a_switch_that_refuses_the_test_number_is_an_error_with_its_answer(system: System) -> None:
    ask(system.town.switch.home, "dialplan remove context test-number")
    found = Doctor(system.node.config).found()
    assert (found["why"], found["status"]) == ("number-refused", 1)
    assert "404" in found["says"]["en"][0]
    assert_nothing_is_left(system)


def test_a_node_that_is_down_is_an_error_with_its_mend(system: System) -> None:
    system.node.processes["asterisk"].stop()
    found = Doctor(system.node.config).found()
    assert (found["why"], found["status"]) == ("node-down", 1)
    assert "l110 up" in found["mend"]
