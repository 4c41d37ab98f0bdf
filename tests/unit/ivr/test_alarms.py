"""Every alarm has both languages, its place in the runbook, and something that raises it."""

import re
from dataclasses import replace
from pathlib import Path

import pytest

from ivr.alarms import ALARMS, TABLE
from ivr.health import BridgeFacts, CallFacts, Facts, KeeperFacts, Life, RecordFacts, judge

RUNBOOK = Path(__file__).parents[3] / "docs/runbook.md"

ILL = {
    "asterisk-down": Facts(asterisk=Life.DOWN),
    "asterisk-frozen": Facts(asterisk=Life.FROZEN),
    "sip-silent": Facts(sip_silent="no answer within 3 s"),
    "manager-refused": Facts(manager_refused=True),
    "manager-guessed": Facts(manager_guesses=("127.0.0.66",)),
    "sip-scanned": Facts(sip_scanners=("192.0.2.66",)),
    "sip-guessed": Facts(sip_guessers=("192.0.2.7",)),
    "bridge-down": Facts(bridge=BridgeFacts(Life.DOWN)),
    "bridge-frozen": Facts(bridge=BridgeFacts(Life.FROZEN)),
    "selftest-failed": Facts(selftest="no verdict"),
    "verdict-skipped": Facts(left_out=("bridge",)),
    "agi-stuck": Facts(calls=CallFacts(stuck_in_agi=("PJSIP/l110-trunk-1",))),
    "rules-refused": Facts(bridge=BridgeFacts(rules="last-good")),
    "rules-none": Facts(bridge=BridgeFacts(rules="none")),
    "prompts-missing": Facts(bridge=BridgeFacts(prompts_missing=("zh/menu",))),
    "journal-failing": Facts(bridge=BridgeFacts(journal=False)),
    "steps-unkept": Facts(steps_unkept="3 since the bridge's start"),
    "journal-unreadable": Facts(records=RecordFacts(journal_waiting=None)),
    "journal-waiting": Facts(records=RecordFacts(journal_waiting=1001)),
    "disk-filling": Facts(records=RecordFacts(disks={"journal": 80.0})),
    "store-away": Facts(records=RecordFacts(store_problem="refused")),
    "forwarder-behind": Facts(records=RecordFacts(cel_behind_bytes=500_001)),
    "cel-missing": Facts(records=RecordFacts(cel_problem="no such folder")),
    "cel-stalled": Facts(records=RecordFacts(cel_stalled="no trace")),
    "clock-stepped": Facts(bridge=BridgeFacts(clock_stepped_s=-3600.0)),
    "channel-leaked": Facts(calls=CallFacts(leaked=("PJSIP/l110-trunk-1",))),
    "police-unstaffed": Facts(police_away=("seat-8001", "seat-8002")),
    "seat-paused": Facts(seats_paused=("seat-8001",)),
    "audio-silent": Facts(calls=CallFacts(silent=("PJSIP/seat-8001-1",))),
    "caller-unreturned": Facts(records=RecordFacts(unreturned=("20260101T000000Z-n1-1-aa",))),
    "messages-late": Facts(records=RecordFacts(messages_late_s=601.0)),
    "messages-dead": Facts(records=RecordFacts(dead_letters=1)),
    "process-failing": Facts(keeper=KeeperFacts(failing={"ivr": "not up for 9 s"})),
    "process-restarted": Facts(keeper=KeeperFacts(restarted={"ivr": "ended, 1 new start"})),
    "supervisor-silent": Facts(keeper=KeeperFacts(supervisor_silent=True)),
    "keeper-silent": Facts(keeper=KeeperFacts(silent=True)),
}
BY_STATUS = {"watch-silent"}  # whoever is silent cannot say so: `l110 status` does


@pytest.mark.parametrize("alarm", TABLE, ids=lambda alarm: alarm.name)
def test_an_alarm_has_both_languages_and_its_place_in_the_runbook(alarm):
    assert re.search(r"[一-鿿]", alarm.zh)
    assert re.fullmatch(r"[ -~]+", alarm.en)
    heading = f"### Alarm {alarm.name}\n"
    runbook = RUNBOOK.read_text(encoding="utf-8")
    assert runbook.count(heading) == 1
    section = runbook.partition(heading)[2].partition("\n### ")[0]
    assert len(section.split()) > 15, "it says what it means and what to do"


def test_the_runbook_knows_no_alarm_that_is_none():
    found = re.findall(r"(?m)^### Alarm (.+)$", RUNBOOK.read_text(encoding="utf-8"))
    assert sorted(found) == sorted(ALARMS)


def test_every_alarm_is_raised_by_something():
    assert set(ILL) | BY_STATUS == set(ALARMS)


@pytest.mark.parametrize("name", ILL)
def test_what_is_wrong_raises_its_alarm_and_no_other(name):
    assert set(judge(ILL[name])) == {name}


def test_a_healthy_node_has_no_alarm():
    assert judge(Facts()) == {}


@pytest.mark.parametrize(
    "records",
    [
        RecordFacts(disks={"journal": 79.9}),
        RecordFacts(journal_waiting=1000, journal_oldest_s=60.0),
        RecordFacts(cel_behind_bytes=None),
        RecordFacts(messages_late_s=600.0),
    ],
)
def test_what_is_within_its_limit_is_no_alarm(records):
    assert judge(replace(Facts(), records=records)) == {}


def test_a_step_that_waits_too_long_is_an_alarm_though_it_is_alone():
    assert set(judge(Facts(records=RecordFacts(1, 61.0)))) == {"journal-waiting"}
