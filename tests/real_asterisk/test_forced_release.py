"""A caller whose side never hangs up: `l110 calls end` frees his line, and tells who and why."""

import json
import sqlite3
import time
from collections.abc import Iterator

import pytest
from click.testing import CliRunner, Result

from scripts.asterisk_console import ask
from scripts.chaos.findings import Finding
from scripts.cli.context import Site
from scripts.cli.force import calls_end, who
from scripts.cli.records import audit, calls
from scripts.lab.callers import Press, Stay, Wait
from scripts.lab.feed import read_events
from scripts.lab.seats import Manner
from scripts.lab.waiting import wait_until
from tests.real_asterisk.system import System, running_system
from tests.seen import in_words, nothing_left

WHY = "called-party control: 对方不挂机 & 'quiet' %0D%0A=\"x\""
WATCHED_S = 2.0
HELD = (Press("1"), Stay(120))  # he stays, says nothing, and hangs up long after the test


@pytest.fixture(scope="module")
def system(tmp_path_factory: pytest.TempPathFactory) -> Iterator[System]:
    with running_system(
        tmp_path_factory.mktemp("forced"),
        41,
        police=("8001",),
        livelihood=("7001",),
        seats={"8001": Manner(answers=False), "7001": Manner(answers=False)},
    ) as system:
        yield system


def slots(system: System) -> int:
    return ask(system.node.home, "group show channels").count(" l110 ")


def id_of(system: System, number: str) -> str:
    """The id of a caller's call, as soon as the dialplan has told it."""

    def told() -> str:
        starts = read_events(system.node.settings.cel_path)
        ids = [e.facts["call"] for e in starts if e.facts.get("caller") == number]
        return ids[-1] if ids else ""

    return wait_until(told, f"the start of {number}", 10)


def end(system: System, call_id: str, *options: str, answer: str = "") -> Result:
    command = [call_id, "--reason", WHY, *options]
    return CliRunner().invoke(calls_end, command, obj=Site(system.node.config), input=answer)


def in_the_menu(system: System, number: str) -> None:
    system.town.call(number, [Wait(1), Stay(120)])
    wait_until(lambda: system.town.answered(number), "the menu", 10)


def in_the_police_queue(system: System, number: str) -> None:
    system.town.call(number, HELD)
    wait_until(lambda: "has 1 calls" in ask(system.node.home, "queue show police"), "the queue", 20)


def in_a_talk(system: System, number: str) -> None:
    system.town.staff("8001", Manner(ring_s=0.2, talk_s=120))
    system.town.call(number, HELD)
    wait_until(lambda: system.town.talks(number), "the talk", 20)


def in_the_second_menu(system: System, number: str) -> None:
    system.town.call(number, [Press("2"), Stay(120)])
    cel = system.node.settings.cel_path
    wait_until(lambda: id_of(system, number) in _released(cel.read_text()), "the release", 20)


def _released(text: str) -> str:
    return "\n".join(line for line in text.splitlines() if "L110_RELEASED" in line)


SCENES = [
    (in_the_menu, "13800000001", "left-in-menu", 1),
    (in_the_police_queue, "13800000002", "left-waiting-for-police", 1),
    (in_a_talk, "13800000003", "talked-to-police", 1),
    (in_the_second_menu, "13800000004", "left-waiting-for-livelihood", 0),
]


@pytest.mark.fault("64", how="a caller who says nothing and never hangs up")
@pytest.mark.parametrize(("scene", "number", "outcome", "held"), SCENES)
def test_a_call_that_nobody_hangs_up_is_ended_with_its_reason(
    system: System, told: Finding, scene, number, outcome, held
) -> None:
    with nothing_left(system.node, told):
        scene(system, number)
        call_id = id_of(system, number)
        assert slots(system) == held
        began = time.monotonic()
        result = end(system, call_id, "--yes", "--json")
        assert result.exit_code == 0, result.output
        assert slots(system) == 0
        # Two connections to the manager and a console are among it.
        assert time.monotonic() - began < 1.5
        (leg,) = json.loads(result.output)["legs"]
        assert leg["slot_free_ms"] <= leg["gone_ms"] < 1000
        assert leg["caller"] == f"138****{number[-4:]}"
        assert system.town.ended(number, 5)
    row = system.call_of(number)
    assert (row.call_id, row.ended_by, row.outcome) == (call_id, "forced", outcome)
    assert (row.forced_by, row.forced_reason) == (who(), WHY)
    kinds = [step.kind for step in system.steps_of(row)]
    assert (kinds.count("forced"), kinds.count("end")) == (1, 1)
    words = scene.__name__.replace("_", " ")
    told.caller.append(
        f"{words}: slot free {leg['slot_free_ms']} ms, channel gone {leg['gone_ms']} ms after the"
        " order to end it"
    )
    told.records.append(f"{in_words(row)}, ended by force, with who and why")
    if scene is in_a_talk:
        wait_until(lambda: system.town.seat_is_free("8001"), "the seat to be free", 15)
        system.town.staff("8001", Manner(answers=False))
    system.assert_nothing_outlives_its_call()


@pytest.mark.control("64", without="the forced release")
def test_control_without_it_the_silent_caller_keeps_the_line(system: System, told: Finding) -> None:
    """And only the call that was named is ended; a wrong id, a part of one and a no end nothing."""
    in_the_police_queue(system, "13800000005")
    in_the_menu(system, "13800000006")
    one, other = id_of(system, "13800000005"), id_of(system, "13800000006")
    asked = end(system, one, answer="n\n")
    assert asked.exit_code == 1
    assert "138****0005" in asked.output
    assert "确定强制结束" in asked.output
    unlike = one[:-1] + ("1" if one[-1] == "0" else "0")
    for wrong in (unlike, one.rpartition("-")[2], "%", one[:20]):
        refused = end(system, wrong, "--yes")
        assert refused.exit_code in (1, 2)
        assert "no live call" in refused.output or "no whole id" in refused.output
    deadline = time.monotonic() + WATCHED_S
    while time.monotonic() < deadline:
        assert slots(system) == 2
        time.sleep(0.2)
    told.leaks.append(f"both still held their lines after {WATCHED_S:.0f} s")

    assert end(system, other, answer="y\n").exit_code == 0
    wait_until(lambda: slots(system) == 1, "the slot of the named call", 15)
    assert system.town.saw("13800000005").ended_at is None
    assert end(system, one, "--yes").exit_code == 0
    again = end(system, one, "--yes")
    assert again.exit_code == 1
    assert "no live call" in again.output
    assert system.call_of("13800000005").forced_by == who()


def test_what_cannot_be_put_on_record_is_not_done(system: System) -> None:
    in_the_police_queue(system, "13800000007")
    call_id = id_of(system, "13800000007")
    journal = sqlite3.connect(system.node.settings.journal_path, isolation_level=None)
    journal.execute("BEGIN IMMEDIATE")
    try:
        refused = end(system, call_id, "--yes")
    finally:
        journal.execute("ROLLBACK")
        journal.close()
    assert refused.exit_code == 1
    assert "Nothing was ended" in refused.output
    assert slots(system) == 1
    assert end(system, call_id, "--yes").exit_code == 0  # the control: the same with its journal
    row = system.call_of("13800000007")
    assert (row.ended_by, row.forced_by) == ("forced", who())
    assert [step.kind for step in system.steps_of(row)].count("forced") == 1


def test_control_a_hang_up_without_the_mark_is_not_told_as_forced(system: System) -> None:
    in_the_police_queue(system, "13800000008")
    ask(system.node.home, "channel request hangup all")
    row = system.call_of("13800000008")
    assert (row.ended_by, row.forced_by) == ("system", None)


def test_a_caller_who_hangs_up_himself_while_it_is_asked_ended_it_himself(system: System) -> None:
    """The mark alone ends nothing and claims nothing."""
    system.town.call("13800000009", [Press("1"), Stay(4)])
    wait_until(lambda: system.node.channels(), "his channel", 15)
    id_of(system, "13800000009")
    (channel,) = [c for c in system.node.channels() if "l110-trunk" in c]
    ask(system.node.home, f"dialplan set chanvar {channel} L110_FORCED yes")
    assert system.call_of("13800000009", 30).ended_by == "caller"


def test_after_all_this_the_audit_is_clean_and_the_story_has_the_reason(system: System) -> None:
    system.wait_for_the_store()
    site = Site(system.node.config)
    command = [
        "calls",
        "--json",
        "--verbose",
        "--switch-cdr",
        str(system.town.switch.export_list()),
    ]
    result = CliRunner().invoke(audit, command, obj=site)
    assert result.exit_code == 0, result.output
    row = system.call_of("13800000003")
    shown = CliRunner().invoke(calls, ["show", row.call_id, "--json"], obj=site)
    story = json.loads(shown.output)
    (forced,) = [step for step in story["steps"] if step["kind"] == "forced"]
    assert (forced["data"]["reason"], forced["data"]["who"]) == (WHY, who())
    assert story["call"]["ended_by"] == "forced"
