from datetime import UTC, datetime

import pytest
from rich.console import Console

from scripts.benchmarks import trunk_free
from scripts.benchmarks.machine import Machine
from scripts.benchmarks.sides import CallLost
from scripts.benchmarks.switch_call import Freed
from scripts.benchmarks.traffic import Stream
from scripts.benchmarks.trunk_free import WARM_UP, Pair, Times, measure_trunk_free
from scripts.benchmarks.trunk_report import TrunkResult, told
from scripts.lab.sipp import Endpoint

MS = 1_000_000


def freed(*gone_ms):
    return [Freed(MS // 2, round(ms * MS)) for ms in gone_ms]


def a_pair(ours_later_ms, calls=100):
    """The pure dialplan's times go from 2 to 3 ms, ours are so much later."""
    pure = [2 + number / calls for number in range(calls)]
    return Pair(freed(*pure), freed(*(ms + ours_later_ms for ms in pure)))


def a_result(*pairs):
    times = Times(pairs)
    return TrunkResult(
        command="scripts/bench release",
        started_at=datetime(2026, 11, 23, tzinfo=UTC),
        stream=Stream(500, 20),
        times=times,
        over=times.p99_over(),
        machine=Machine(2, 0.5, 1.5, "Linux", "3.11"),
    )


def test_the_difference_of_the_p99s_has_an_interval_around_it():
    over = Times([a_pair(4.0), a_pair(5.0), a_pair(6.0)]).p99_over()
    assert over.mean == pytest.approx(5.97, abs=0.05)
    assert over.low is not None
    assert over.high is not None
    assert over.low < over.mean <= over.high + 0.05


def test_the_interval_of_the_same_times_is_always_the_same():
    times = Times([a_pair(4.0), a_pair(6.0)])
    assert times.p99_over() == times.p99_over()


@pytest.mark.parametrize(
    ("later_ms", "calls", "reached"),
    [(10.0, 5000, True), (51.0, 5000, False), (10.0, 4999, False)],
)
def test_the_goal_needs_the_whole_interval_and_enough_calls(monkeypatch, later_ms, calls, reached):
    monkeypatch.setattr(trunk_free, "RESAMPLES", 20)
    assert a_result(a_pair(later_ms, calls)).goal_reached is reached


def test_one_slow_call_in_fifty_is_the_p99():
    pair = Pair(freed(*[2.0] * 100), freed(*[3.0] * 98, 90.0, 91.0))
    assert a_result(pair).times.ours.p99 == 90.0


def test_the_result_says_what_was_measured_and_both_sides():
    found = a_result(a_pair(4.0), a_pair(5.0)).as_dict()
    assert found["key_to_trunk_free_ms"]["pure"]["calls"] == 200
    assert found["key_to_refer_ms"]["ours"]["p50"] == 0.5
    assert found["goal"] == {"p99_over_pure_ms": 50.0, "calls": 5000, "reached": False}
    assert "first RTP end packet" in found["measured"]


def test_the_table_shows_both_sides_and_the_goal():
    console = Console(width=100)
    with console.capture() as shown:
        a_result(a_pair(4.0), a_pair(5.0)).draw(console)
    for words in ("pure dialplan: key to trunk free", "Livelihood 110", "95 % interval", "goal"):
        assert words in shown.get()


def test_a_pair_is_told_in_one_line():
    assert told(2, Pair(freed(2.0), freed(6.0))) == (
        "pair 2: p50 2.00 and 6.00 ms, p99 2.00 and 6.00 ms"
    )


class FakeSide:
    def __init__(self, name, *, loses=False):
        self.name, self.sip, self.loses = name, "127.0.0.1:5060", loses

    def await_record(self, calls):
        if self.loses:
            raise CallLost("one is missing")


@pytest.fixture
def diary(monkeypatch):
    played = []

    def refer_calls(stream, **_):
        played.append(stream.calls)
        return freed(*[2.0] * stream.calls)

    monkeypatch.setattr(trunk_free, "refer_calls", refer_calls)
    return played


def measure(pure, ours):
    at = Endpoint("127.0.0.1", 5060, 40000)
    return measure_trunk_free(pure, ours, at, 2, Stream(50, 20), lambda _: None)


def test_a_warm_up_is_not_counted(diary):
    times = measure(FakeSide("pure"), FakeSide("ours"))
    assert diary == [WARM_UP, WARM_UP, 50, 50, 50, 50]
    assert (times.pure.calls, times.ours.calls) == (100, 100)


def test_a_call_that_is_not_on_record_is_no_figure(diary):
    with pytest.raises(CallLost):
        measure(FakeSide("pure"), FakeSide("ours", loses=True))
