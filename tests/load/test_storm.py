"""The storm on real switches: one of each world, for a minute."""

from dataclasses import replace
from pathlib import Path

import pytest

from reports.capacity.hour import LIVELIHOOD, WORLDS, Habits, Kind
from scripts.storm.played import play

HABITS = replace(Habits(), talk_s=25.0, desk_s=10.0, hands_over_after_s=8.0, keys_correctly=1.0)
SPARE_S = 1.5  # rings, releases, and a machine with other work


@pytest.mark.real_asterisk
@pytest.mark.load
def test_every_world_gets_the_same_callers_and_frees_their_lines_as_the_model_says(
    tmp_path: Path,
) -> None:
    seen = play(
        tmp_path / "storm",
        list(WORLDS.values()),
        LIVELIHOOD,
        HABITS,
        switches=1,
        minutes=1.5,
        warm_up_s=0,
    )
    who = {name: [(a.kind, round(a.at)) for a in attempts] for name, (attempts,) in seen.items()}
    first = who.pop("no-bridge")
    assert len(first) > 3
    for same in who.values():
        assert [kind for kind, _ in same] == [kind for kind, _ in first]
    for name in ("menu-redirect", "menu-refer", "all"):
        keyed = [a for a in seen[name][0] if a.kind is Kind.LIVELIHOOD and not a.blocked]
        assert keyed
        assert all(a.line_s < HABITS.latest_key_s + SPARE_S for a in keyed)
        assert all(a.seat_after_s is None for a in keyed)
    others = [a for a in seen["call-taker"][0] if a.kind is not Kind.POLICE and not a.blocked]
    assert others
    assert all(a.line_s < HABITS.hands_over_after_s + SPARE_S for a in others)
    held = [a for a in seen["no-bridge"][0] if a.kind is not Kind.POLICE and not a.blocked]
    assert max(a.line_s for a in held) > HABITS.hands_over_after_s + SPARE_S
