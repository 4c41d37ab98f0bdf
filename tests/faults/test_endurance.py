"""Conservation under fire, the short form: `scripts/load endurance` is the long one."""

from dataclasses import replace
from pathlib import Path

import pytest

from reports.switch_list import SwitchLeg
from scripts.chaos.findings import Finding
from scripts.stress import endurance, playing
from scripts.stress.callers import KINDS, call_list, calls_of
from scripts.stress.course import Course
from scripts.stress.endurance import endure
from scripts.stress.pictures import draw_endurance
from scripts.stress.settings import Place
from scripts.stress.troubles import Plan

CALLS, RATE = 300, 15.0
PLAN = Plan(CALLS / RATE, kill_every_s=6, store_away_s=6, restart_asterisk=True)


@pytest.mark.fault("10", "18", "33", how="300 calls; bridge and Asterisk killed, store away")
def test_every_call_is_on_record_whatever_is_killed_meanwhile(
    tmp_path: Path, told: Finding
) -> None:
    courses: list[Course] = []
    found = endure(tmp_path, CALLS, RATE, PLAN, Place.own(), lambda what: None, courses.append)
    assert found.good, found.as_dict()
    assert_the_course_shows_what_was_done(courses[0], tmp_path / "course.svg")
    assert found.kills >= 3
    assert (found.restarts, found.store_away_s >= 6) == (1, True)
    assert found.switch == CALLS
    assert set(found.verdicts["presses-2"]) <= {"livelihood", "police", "none"}
    assert found.verdicts["presses-2"]["livelihood"] > found.verdicts["presses-2"].get("police", 0)
    assert found.diverted == 0
    assert found.answered <= found.ended + found.killed <= found.switch
    told.records.append(
        f"{found.switch} Call-IDs of the switch, {found.ended} legs ended, {found.killed} killed, "
        f"{found.calls} rows; missing 0, doubled 0, unexplained 0"
    )


def assert_the_course_shows_what_was_done(course: Course, picture: Path) -> None:
    """The store could not be asked while it was away, and the journal held what came meanwhile."""
    away, back = (
        next(e.at_s for e in course.events if e.what.startswith(words))
        for words in ("store stopped", "store back")
    )
    meanwhile = [m for m in course.moments if away < m.at_s < back]
    assert meanwhile
    assert all(m.stored is None for m in meanwhile)
    assert max(m.waiting or 0 for m in meanwhile) > 0
    assert any("Asterisk" in e.what for e in course.events)
    draw_endurance("a short run", course.moments, course.events, RATE, picture)
    assert "on record" in picture.read_text(encoding="utf-8")


@pytest.mark.control("10", "18", "33", without="one call of the switch on our record")
def test_control_a_call_that_only_the_switch_knows_is_seen(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    one_more = SwitchLeg("never-came@switch", result="answered")
    monkeypatch.setattr(endurance, "SETTLES_WITHIN_S", 3.0)
    monkeypatch.setattr(endurance, "call_list", lambda folder: [*call_list(folder), one_more])
    calm = Plan(4, kill_every_s=0, store_away_s=0, restart_asterisk=False)
    found = endure(tmp_path, 40, 10.0, calm, Place("127.92.1"), lambda what: None)
    assert not found.good
    assert found.audit.count("missing") == 1


@pytest.mark.control("10", "18", "33", without="the key: who is taken to have keyed 1 keys 2")
def test_control_who_went_to_livelihood_without_a_key_for_it_is_seen(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    desk, police, nothing = KINDS
    monkeypatch.setattr(playing, "KINDS", (desk, replace(police, actions=desk.actions), nothing))
    calm = Plan(4, kill_every_s=0, store_away_s=0, restart_asterisk=False)
    found = endure(tmp_path, 40, 10.0, calm, Place("127.93.1"), lambda what: None)
    assert found.audit.clean
    assert not found.good
    assert found.diverted == calls_of(police, 40)
