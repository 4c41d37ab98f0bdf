from datetime import UTC, datetime

import pytest
from rich.console import Console

from scripts.benchmarks import rounds
from scripts.benchmarks.machine import Machine
from scripts.benchmarks.release import summary
from scripts.benchmarks.report import GOAL, Result, told
from scripts.benchmarks.rounds import WARM_UP, Bench, Pair, Pairs
from scripts.benchmarks.sides import CallLost
from scripts.benchmarks.traffic import Stream, the_call
from scripts.lab.sipp import Endpoint

STREAM = Stream(calls=100, rate=20)


class FakeSide:
    """Spends so many seconds of each part on every call."""

    def __init__(self, diary, name, loses=False, **parts):
        self.diary, self.name, self.sip = diary, name, f"{name}:5060"
        self.parts, self.loses = parts, loses
        self.spent = dict.fromkeys(parts, 0.0)

    def cpu_s(self):
        return dict(self.spent)

    def await_record(self, calls):
        if self.loses:
            raise CallLost("one is missing")
        for part, each_s in self.parts.items():
            self.spent[part] += each_s * calls
        self.diary.append((self.name, calls))


@pytest.fixture
def diary(monkeypatch):
    monkeypatch.setattr(rounds, "play", lambda *_args, **_more: None)
    return []


def a_bench(tmp_path, pure, ours, **more):
    return Bench(tmp_path, pure, ours, Endpoint("127.0.0.1", 5060, 40000), **more)


def test_rounds_come_in_pairs_after_a_warm_up_that_is_not_counted(tmp_path, diary):
    pure = FakeSide(diary, "pure", asterisk=0.005)
    ours = FakeSide(diary, "ours", asterisk=0.006, bridge=0.001, forwarder=0.001)
    told_of: list[Pair] = []
    pairs = a_bench(tmp_path, pure, ours).run(2, STREAM, told_of.append)
    warm = [("pure", WARM_UP), ("ours", WARM_UP)]
    assert diary == [*warm, *[("pure", 100), ("ours", 100)] * 2]
    assert pairs.each == told_of
    assert pairs.ratio.mean == pytest.approx(1.6)
    assert pairs.part_ms("bridge").mean == pytest.approx(1.0)
    assert pairs.part_ratio("bridge").mean == pytest.approx(0.2)


def test_a_round_that_loses_a_call_fails_the_bench(tmp_path, diary):
    pure = FakeSide(diary, "pure", asterisk=0.005)
    ours = FakeSide(diary, "ours", loses=True, asterisk=0.005)
    with pytest.raises(CallLost):
        a_bench(tmp_path, pure, ours).run(1, STREAM, lambda _: None)


def a_pair(total_ms, bridge_ms=1.0, forwarder_ms=1.0):
    asterisk_ms = total_ms - bridge_ms - forwarder_ms
    ours = {"asterisk": asterisk_ms, "bridge": bridge_ms, "forwarder": forwarder_ms}
    return Pair({"asterisk": 5.0}, ours)


def a_result(*pairs):
    return Result(
        command="scripts/bench calls",
        started_at=datetime(2026, 11, 23, tzinfo=UTC),
        stream=STREAM,
        keys="RTP events",
        speaking=False,
        pairs=Pairs(pairs),
        release=summary([900, 1000, 1100, 5000]),
        machine=Machine(2, 0.5, 1.5, "Linux", "3.11"),
    )


@pytest.mark.parametrize(
    ("totals", "reached"),
    [((7.0, 7.1, 7.2), True), ((7.0, 8.0, 8.9), False), ((9.0, 9.1, 9.2), False), ((7.0,), False)],
)
def test_the_goal_is_reached_by_the_whole_interval_only(totals, reached):
    assert a_result(*map(a_pair, totals)).goal_reached is reached


def test_the_result_says_how_it_was_measured():
    found = a_result(a_pair(8.0), a_pair(9.0)).as_dict()
    assert found["rounds"] == 2
    assert (found["calls_per_round"], found["calls_per_s"]) == (100, 20)
    assert found["goal"] == {"ratio": GOAL, "reached": False}
    assert found["machine"]["load_before"] == 0.5
    assert found["release_ms"] == {"calls": 4, "p50": 1.0, "p99": 5.0, "max": 5.0}
    assert [pair["ratio"] for pair in found["pairs"]] == [1.6, 1.8]


def test_the_table_shows_every_part_with_its_interval():
    console = Console(width=100)
    with console.capture() as shown:
        a_result(a_pair(8.0), a_pair(9.0)).draw(console)
    text = shown.get()
    for words in ("pure dialplan", "bridge", "forwarder", "1.70 (", "every call is on record"):
        assert words in text


def test_a_pair_is_told_in_one_line():
    assert told(3, a_pair(8.0)) == (
        "pair 3: pure dialplan 5.00 ms, asterisk 6.00, bridge 1.00, forwarder 1.00; ratio 1.60"
    )


def test_no_release_is_no_figure():
    assert summary([]).calls == 0


def test_the_caller_keys_after_a_second_and_goes_a_fifth_of_a_second_later():
    by_tone = the_call(key_by_info=False)
    assert 'play_dtmf="2"' in by_tone
    assert by_tone.index('milliseconds="1200"') < by_tone.index("BYE sip")
    by_info = the_call(key_by_info=True)
    assert by_info.index('milliseconds="1000"') < by_info.index("Signal=2")
    assert by_info.count('milliseconds="100"') == 2


def test_speaking_callers_come_from_the_stand_in_switch(tmp_path, diary, monkeypatch):
    called = []
    monkeypatch.setattr(rounds, "speaking_calls", lambda stream, **way: called.append(way))
    monkeypatch.setattr(rounds, "play", lambda *_args, **_more: pytest.fail("SIPp was started"))
    pure, ours = FakeSide(diary, "pure", asterisk=0.005), FakeSide(diary, "ours", asterisk=0.006)
    bench = a_bench(tmp_path, pure, ours, speak=True)
    bench.run(1, STREAM, lambda _: None)
    assert [way["to"] for way in called] == [("pure", 5060), ("ours", 5060)] * 2
