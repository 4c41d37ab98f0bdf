"""When steps were not kept, although nobody can be asked about it afterwards."""

import pytest

from ivr.health import BridgeFacts, Life
from scripts.watch.unkept import STANDS_FOR_S, UnkeptSteps

DOWN, FROZEN = BridgeFacts(Life.DOWN), BridgeFacts(Life.FROZEN)


def up(pid: int, *, unkept: int = 0, journal: bool = True) -> BridgeFacts:
    return BridgeFacts(pid=pid, journal_unkept=unkept, journal=journal)


FULL = up(1, journal=False)


@pytest.mark.parametrize(
    ("seen", "says"),
    [
        pytest.param([up(1), up(1)], None, id="all is well"),
        pytest.param([up(1), up(1, unkept=3)], "3 since", id="counted"),
        pytest.param([up(1, unkept=3)], "3 since", id="counted before the watch came"),
        pytest.param([up(1, unkept=3), DOWN, up(2)], "3 since", id="counted, then a new bridge"),
        pytest.param([up(1, unkept=3), up(2, unkept=1)], "1 since", id="a new bridge counts anew"),
        pytest.param([FULL, FULL, up(1)], None, id="held, then kept"),
        pytest.param([FULL, FROZEN, up(1)], None, id="held by one that was frozen meanwhile"),
        pytest.param([FULL, DOWN], "ended", id="held by one that ended"),
        pytest.param([FULL, up(2)], "ended", id="held by one that was replaced between two looks"),
        pytest.param([FULL, FROZEN, up(2)], "ended", id="held by one that was frozen and killed"),
        pytest.param([up(1), DOWN, up(2)], None, id="a new start with a good disk"),
    ],
)
def test_steps_that_were_not_kept_are_told(seen, says):
    steps = UnkeptSteps()
    told = [steps.look(bridge, float(at)) for at, bridge in enumerate(seen)][-1]
    assert told is None if says is None else says in str(told)


def test_it_is_told_for_ten_minutes_after_the_last_of_them():
    steps = UnkeptSteps()
    told = [
        steps.look(bridge, at)
        for at, bridge in [
            (0.0, up(1, unkept=1)), (500.0, up(1, unkept=2)),
            (500.0 + STANDS_FOR_S, up(1, unkept=2)), (501.0 + STANDS_FOR_S, up(1, unkept=2)),
        ]
    ]  # fmt: skip
    assert [bool(said) for said in told] == [True, True, True, False]
