"""An alarm is said once when it is raised, once when it is over, and never for a flutter."""

import json
import time

from structlog.testing import capture_logs

from ivr.alarms import ALARMS
from scripts.watch import told
from scripts.watch.board import Board


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
