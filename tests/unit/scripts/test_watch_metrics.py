"""What the watch tells of lines, queues and alarms; what it does not know it leaves out."""

from dataclasses import dataclass, field

import pytest
from prometheus_client import CollectorRegistry

from config.settings import load_settings
from ivr.ami_snapshot import Caller, Member, Queue, SeatState
from ivr.health import Facts, Life
from scripts.cli.ports import ports_of
from scripts.watch.asterisk import Eye, Seen, left_out
from scripts.watch.board import Board
from scripts.watch.metrics import WatchMetrics
from scripts.watch.scans import Scans
from scripts.watch.selftest import SelfTest


@dataclass
class Watched:
    board: Board
    selftest: SelfTest
    scans: Scans
    seen: Seen
    facts: Facts = field(default_factory=Facts)
    looks: int = 3
    look_s: float = 0.02
    lines: int = 4


@pytest.fixture
def watched(tmp_path, monkeypatch):
    monkeypatch.setenv("L110_VAR_DIR", str(tmp_path))
    settings = load_settings()
    selftest = SelfTest(settings, Eye(settings))
    return Watched(Board(), selftest, Scans(settings), Seen(Life.UP))


def value(watched, name, **labels):
    return registry(watched).get_sample_value(name, labels)


def registry(watched):
    found = CollectorRegistry()
    found.register(WatchMetrics(watched))
    return found


def a_seat(name, state, *, paused=False):
    return Member(name, f"PJSIP/{name}", state, paused, in_call=False, talks=0)


def test_lines_queues_and_seats_are_told_as_they_are_now(watched):
    waits = [Caller(1, "c1", "u1", "13800000001", 7, 0), Caller(2, "c2", "u2", None, 3, 0)]
    seats = [
        a_seat("seat-8001", SeatState.FREE),
        a_seat("seat-8002", SeatState.FREE, paused=True),
        a_seat("seat-8003", SeatState.TALKING),
    ]
    queue = Queue("police", seats, waits)
    watched.seen = Seen(Life.UP, queues=(queue,), lines_in_use=3)
    assert value(watched, "l110_lines_in_use") == 3
    assert value(watched, "l110_lines") == 4
    assert value(watched, "l110_queue_waiting", queue="police") == 2
    assert value(watched, "l110_queue_longest_wait_seconds", queue="police") == 7
    states = {"free": 1, "paused": 1, "talking": 1, "away": 0}
    assert {
        state: value(watched, "l110_queue_seats", queue="police", state=state) for state in states
    } == states
    told = str(list(registry(watched).collect()))
    assert "13800000001" not in told


def test_what_is_not_known_is_left_out_and_is_not_zero(watched):
    watched.seen = Seen(Life.FROZEN)
    assert value(watched, "l110_lines_in_use") is None
    assert value(watched, "l110_lines") == 4


def test_an_alarm_that_stands_is_one_and_all_others_are_zero(watched):
    watched.board.update({"bridge-frozen": "x"}, 0.0)
    watched.board.update({"bridge-frozen": "x"}, 10.0)
    told = {"severity": "critical"}
    assert value(watched, "l110_alarm", alarm="bridge-frozen", **told) == 1
    assert value(watched, "l110_alarm", alarm="bridge-down", **told) == 0


def test_a_rung_is_left_out_only_until_its_time():
    assert left_out(["9999999999", ""]) == ("bridge",)
    assert left_out(["1", "9999999999"]) == ("second-bridge",)


def test_every_page_has_a_port_that_is_looked_at_before_a_start():
    settings = [port.setting for port in ports_of(load_settings())]
    pages = {
        "health.port",
        "health.watch_port",
        "health.forward_port",
        "health.keep_port",
        "health.worker_port",
    }
    assert pages <= set(settings)
