"""What was played beside the simulation of the same people."""

from dataclasses import replace

import pytest

from reports.capacity.hour import LIVELIHOOD, WORLDS, Habits, Kind
from scripts.storm.agreement import agreement, simulate_played
from scripts.storm.simulation import Attempt


def attempt(at: float, *, blocked: bool = False, kind: Kind = Kind.POLICE) -> Attempt:
    return Attempt(at, kind, 0, blocked, blocked, 0.0 if blocked else 60.0, None)


def simulated(seed: int) -> list[list[Attempt]]:
    return simulate_played(
        WORLDS["no-bridge"], LIVELIHOOD, Habits(), switches=8, minutes=30, warm_up_s=60, seed=seed
    )


def test_the_same_storm_a_little_late_agrees_with_itself() -> None:
    late = [[replace(one, at=one.at + 0.2) for one in switch] for switch in simulated(1)]
    found = agreement(late, simulated(1))
    assert found.attempts > 1000
    assert found.alone == 0
    assert found.share > 0.98  # who calls in the same half second may be taken for each other


def test_another_storm_of_the_same_mix_does_not() -> None:
    found = agreement(simulated(2), simulated(1))
    assert found.alone > found.attempts


def test_a_caller_who_was_blocked_on_one_side_only_is_seen() -> None:
    played = [[attempt(1.0), attempt(5.0, blocked=True)]]
    found = agreement(played, [[attempt(1.0), attempt(5.1)]])
    assert (found.attempts, found.same, found.alone) == (2, 1, 0)


@pytest.mark.parametrize(
    "other", [attempt(9.0), attempt(1.1, kind=Kind.JUNK)], ids=["too late", "of another kind"]
)
def test_who_comes_at_another_time_or_for_another_reason_is_no_twin(other: Attempt) -> None:
    found = agreement([[attempt(1.0)]], [[other]])
    assert (found.attempts, found.alone) == (0, 2)


def test_the_warm_up_is_left_out() -> None:
    assert all(one.at >= 60 for switch in simulated(1) for one in switch)
