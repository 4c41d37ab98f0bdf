"""How long until the next try."""

from hypothesis import given
from hypothesis import strategies as st

from tickets.back_off import back_off_s

JITTER = st.floats(0, 1, exclude_max=True)
FIRST = st.floats(0.1, 600)
LONGEST = st.floats(600, 86400)


def test_the_pauses_double_until_the_longest():
    pauses = [back_off_s(n, 0, first_s=30, longest_s=200) for n in (1, 2, 3, 4, 5, 1000)]
    assert pauses == [30, 60, 120, 200, 200, 200]


@given(st.integers(1, 10_000), JITTER, FIRST, LONGEST)
def test_chance_takes_at_most_half_and_adds_nothing(attempts, jitter, first_s, longest_s):
    without = back_off_s(attempts, 0, first_s=first_s, longest_s=longest_s)
    paused = back_off_s(attempts, jitter, first_s=first_s, longest_s=longest_s)
    assert without / 2 <= paused <= without <= longest_s


@given(st.integers(1, 200), FIRST, LONGEST)
def test_a_later_failure_never_comes_back_sooner(attempts, first_s, longest_s):
    sooner = back_off_s(attempts, 0, first_s=first_s, longest_s=longest_s)
    assert sooner <= back_off_s(attempts + 1, 0, first_s=first_s, longest_s=longest_s)
