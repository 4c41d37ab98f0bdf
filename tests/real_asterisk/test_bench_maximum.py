"""That `scripts/bench maximum` runs on real calls, and that its record is a proof."""

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from rich.console import Console

from scripts.benchmarks import contest
from scripts.benchmarks.contest import Played, Recorded, settle
from scripts.benchmarks.maximum import play
from scripts.benchmarks.maximum_run import measure_maximum
from scripts.benchmarks.settings import Addresses, write_settings
from scripts.benchmarks.traffic import Stream

pytestmark = pytest.mark.real_asterisk

FEW = Stream(calls=10, rate=10, longest_call_s=8)


def test_pure_dialplan_and_ours_hold_a_gentle_rate_and_their_times_are_seen(tmp_path: Path) -> None:
    result = measure_maximum(
        tmp_path, Console(stderr=True), first=5, round_s=2, minutes=0.2, only_ours=True
    )
    pure, ours = result.climbs
    assert pure.search.held >= 5, pure.rounds
    assert ours.search.held >= 5, ours.rounds
    for climb in (pure, ours):
        best = climb.best()
        assert best is not None
        assert len(best.answer_ms) == len(best.release_ms) == best.calls
        assert sum(best.cpu_ms.values()) > 0


@pytest.fixture
def ours(tmp_path: Path) -> Iterator[Recorded]:
    addresses = Addresses.own()
    switch = addresses.callers.host
    side = Recorded(write_settings(tmp_path, addresses.ours, switch, release="refer"), "ours")
    try:
        side.start()
        yield side
    finally:
        side.stop()


def test_a_call_that_only_the_switch_knows_breaks_a_round(
    ours: Recorded, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(contest, "STORED_WITHIN_S", 1.0)
    since = datetime.now(UTC)
    assert play(ours, Addresses.own().callers, FEW).why == ""
    assert "0 of 1 legs" in ours.lost(Played(["nobody@127.0.0.1"], 1, datetime.now(UTC)))
    assert ours.lost(Played(["nobody@127.0.0.1"], FEW.calls, since)) != ""


def test_a_forwarder_that_stands_still_breaks_a_round(
    ours: Recorded, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(contest, "STORED_WITHIN_S", 2.0)
    ours.node.processes["forward"].stop()
    monkeypatch.setattr(ours, "cpu_s", dict)  # it runs no more
    assert "legs on record" in play(ours, Addresses.own().callers, FEW).why
    settle(ours)
