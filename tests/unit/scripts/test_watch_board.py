"""An alarm is said once when it is raised, once when it is over, and never for a flutter."""

import json
import time

import pytest
from click.testing import CliRunner
from structlog.testing import capture_logs

from ivr.alarms import ALARMS
from scripts.cli import service
from scripts.cli.context import Site
from scripts.watch import told
from scripts.watch.board import Board, standing


def test_an_alarm_is_said_once_and_cleared_once():
    board = Board()
    with capture_logs() as logs:
        for now in (0.0, 1.0, 2.0):
            board.update({"bridge-frozen": "x"}, now)
        board.update({}, 3.0)
        board.update({}, 4.0)
    assert [(e["event"], e["alarm"]) for e in logs] == [
        ("alarm.raised", "bridge-frozen"),
        ("alarm.cleared", "bridge-frozen"),
    ]
    assert logs[0]["log_level"] == "error"
    assert logs[0]["mend"] == "docs/runbook.md#alarm-bridge-frozen"


def test_what_lasts_shorter_than_its_patience_is_no_alarm():
    board = Board()
    after_s = ALARMS["bridge-down"].after_s
    board.update({"bridge-down": ""}, 0.0)
    board.update({}, after_s - 0.1)
    board.update({"bridge-down": ""}, after_s)
    assert board.raised == {}
    board.update({"bridge-down": ""}, 2 * after_s)
    assert set(board.raised) == {"bridge-down"}


def test_since_when_an_alarm_stands_does_not_move_and_its_detail_does():
    board = Board()
    board.update({"disk-filling": "journal 81 %"}, 0.0)
    since = board.raised["disk-filling"].since
    board.update({"disk-filling": "journal 82 %"}, 60.0)
    assert board.raised["disk-filling"].since == since
    assert board.raised["disk-filling"].detail == "journal 82 %"


def test_the_worst_stands_first():
    board = Board()
    board.update({"rules-refused": "", "cel-missing": "", "asterisk-frozen": ""}, 0.0)
    board.update({"rules-refused": "", "cel-missing": "", "asterisk-frozen": ""}, 9.0)
    names = [standing.name for standing in board.in_order()]
    assert names == ["asterisk-frozen", "cel-missing", "rules-refused"]


def test_what_the_watch_said_grows_old(tmp_path, monkeypatch):
    file = tmp_path / "run/health.json"
    assert told.heard(file) is None
    told.tell(file, {"alarms": []})
    assert told.heard(file) is not None
    later = time.monotonic() + told.FRESH_S + 1
    monkeypatch.setattr(time, "monotonic", lambda: later)
    assert told.heard(file) is None


def test_what_was_said_before_a_reboot_is_old_too(tmp_path):
    file = tmp_path / "health.json"
    file.write_text(json.dumps({"alarms": [], "steady_s": time.monotonic() + 1000}))
    assert told.heard(file) is None


def test_half_a_file_is_nobody_watching(tmp_path):
    file = tmp_path / "health.json"
    file.write_text('{"alarms": [')
    assert told.heard(file) is None


def seen(*names: str, state: str = "up") -> dict[str, object]:
    """What `status_of` gives for a node with these alarms."""
    return {
        "state": state, "node": "n1", "asterisk_answers": True, "processes": [], "ports": [],
        "alarms": [standing(n, "a [detail]", "2026-01-01T00:00Z").to_json() for n in names],
        "journal": {"waiting": 0, "oldest_s": None}, "cel": {"behind_bytes": 0},
        "store": {"reachable": True, "problem": None, "name": "sqlite"},
    }  # fmt: skip


@pytest.mark.parametrize(("names", "status"), [((), 0), (("rules-refused",), 1)])
def test_status_tells_each_alarm_with_its_mend_and_ends_with_one(monkeypatch, names, status):
    monkeypatch.setattr(service, "status_of", lambda settings: seen(*names))
    told_now = CliRunner().invoke(service.status, [], obj=Site())
    assert told_now.exit_code == status
    for name in names:
        alarm = ALARMS[name]
        for words in (alarm.zh, alarm.en, "a [detail]", alarm.runbook, alarm.severity.value):
            assert words in told_now.output


def test_status_for_programs_has_the_same(monkeypatch):
    monkeypatch.setattr(service, "status_of", lambda settings: seen("bridge-frozen"))
    told_now = CliRunner().invoke(service.status, ["--json"], obj=Site())
    (alarm,) = json.loads(told_now.output)["alarms"]
    assert (alarm["name"], alarm["runbook"]) == (
        "bridge-frozen", "docs/runbook.md#alarm-bridge-frozen",
    )  # fmt: skip
    assert told_now.exit_code == 1
