"""That `scripts/bench release` runs on real calls. Its figures want a quiet machine."""

import pytest
from rich.console import Console

from scripts.benchmarks.main import measure_release
from scripts.benchmarks.traffic import Stream

pytestmark = pytest.mark.real_asterisk


def test_both_sides_clear_the_trunk_of_every_caller_who_keys():
    result = measure_release(1, Stream(calls=10, rate=20), Console(stderr=True))
    times = result.times
    assert (times.pure.calls, times.ours.calls) == (10, 10)
    assert 0 < times.pure_referred.p50 < times.pure.p50
    assert 0 < times.ours_referred.p50 < times.ours.p50
    assert times.ours.most < 2000
    assert not result.goal_reached  # ten calls show nothing
