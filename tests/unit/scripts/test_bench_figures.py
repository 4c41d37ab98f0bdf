import os

import pytest

from scripts.benchmarks.cpu import ProcessGone, cpu_s
from scripts.benchmarks.intervals import interval, percentile

TICK_S = 1 / os.sysconf("SC_CLK_TCK")


def a_process(proc, pid, *, parent=1, name="asterisk", ticks=(0, 0, 0, 0)):
    """As in proc(5): the name stands in brackets, the four times are fields 14 to 17."""
    (proc / str(pid)).mkdir()
    between = "0 " * 9
    times = " ".join(map(str, ticks))
    (proc / str(pid) / "stat").write_text(f"{pid} ({name}) S {parent} {between}{times} 20 0")


def test_user_and_system_time_are_added(tmp_path):
    a_process(tmp_path, 10, ticks=(3, 4, 0, 0))
    assert cpu_s([10], tmp_path) == pytest.approx(7 * TICK_S)


def test_children_count_whether_they_live_or_were_waited_for(tmp_path):
    a_process(tmp_path, 10, ticks=(1, 0, 20, 5))
    a_process(tmp_path, 11, parent=10, ticks=(100, 0, 0, 0))
    a_process(tmp_path, 12, parent=11, ticks=(1000, 0, 0, 0))
    a_process(tmp_path, 13, parent=1, ticks=(9999, 0, 0, 0))
    assert cpu_s([10], tmp_path) == pytest.approx(1126 * TICK_S)


def test_a_name_with_blanks_and_brackets_is_read(tmp_path):
    a_process(tmp_path, 10, name="a) S 1 (b", ticks=(2, 0, 0, 0))
    assert cpu_s([10], tmp_path) == pytest.approx(2 * TICK_S)


def test_a_process_that_ended_has_no_figure(tmp_path):
    with pytest.raises(ProcessGone):
        cpu_s([10], tmp_path)


def test_this_process_has_used_the_cpu_it_says(tmp_path):
    own = os.times()
    assert cpu_s([os.getpid()]) >= own.user + own.system - TICK_S


def test_the_interval_is_that_of_students_t():
    found = interval([1.4, 1.5, 1.6, 1.5, 1.5])
    assert found.mean == pytest.approx(1.5)
    assert found.low == pytest.approx(1.4122, abs=1e-4)
    assert found.high == pytest.approx(1.5878, abs=1e-4)


def test_one_round_has_no_interval():
    found = interval([1.5])
    assert (found.low, found.high) == (None, None)
    assert str(found) == "1.50"


def test_more_rounds_than_the_table_knows_take_its_last_line():
    found = interval([1.0, 2.0] * 50)
    assert found.high == pytest.approx(1.5 + 2.042 * 0.05025, abs=1e-4)


@pytest.mark.parametrize(("share", "value"), [(0.5, 50), (0.99, 99), (1.0, 100), (0.0, 1)])
def test_a_percentile_is_one_of_the_values(share, value):
    assert percentile(range(1, 101), share) == value
