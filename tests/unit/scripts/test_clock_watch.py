"""A step of the wall clock is seen, a slew is not."""

import pytest

from scripts.clock_watch import ClockWatch


class Clocks:
    def __init__(self) -> None:
        self.steady, self.wall = 100.0, 1_000_000.0

    def pass_s(self, seconds: float, drift: float = 0.0) -> None:
        self.steady += seconds
        self.wall += seconds * (1 + drift)

    def watch(self) -> ClockWatch:
        return ClockWatch(lambda: self.wall, lambda: self.steady, stands_for_s=600)


@pytest.mark.parametrize("step", [3600.0, -3600.0, 1.5, -1.5])
def test_a_step_is_seen_once_and_stands_for_ten_minutes(step):
    clocks = Clocks()
    watch = clocks.watch()
    assert watch.look() is None
    clocks.pass_s(0.5)
    clocks.wall += step
    assert watch.look() == pytest.approx(step)
    clocks.pass_s(599)
    assert watch.look() is None
    assert watch.stepped_s == pytest.approx(step)
    clocks.pass_s(2)
    assert watch.stepped_s is None
    assert watch.steps == 1


def test_a_slewing_clock_and_a_process_that_was_asleep_are_no_step():
    clocks = Clocks()
    watch = clocks.watch()
    for _ in range(3600):
        clocks.pass_s(0.5, drift=0.0005)
        assert watch.look() is None
    clocks.pass_s(500)
    assert watch.look() is None
