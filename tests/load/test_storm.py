"""The storm on forty real switches for five minutes: eight of each world, the same people in each.

`scripts/load storm` plays it for longer; docs/performance.md has what that came to.
"""

from collections.abc import Callable, Sequence

import pytest

from reports.capacity.hour import LIVELIHOOD, WORLDS, Habits, Kind
from scripts.benchmarks.intervals import percentile
from scripts.storm.agreement import agreement, simulate_played
from scripts.storm.figures import Figures, Switches, figures
from scripts.storm.played import WARM_UP_S, play
from scripts.storm.simulation import Attempt

pytestmark = pytest.mark.real_asterisk
HABITS, SWITCHES, MINUTES, SEED = Habits(), 8, 5.0, 1
SPARE_S = 1.5  # rings, releases
NEARLY_ALL = 0.95  # a process of eighty that is given no core in time is late for a call


@pytest.fixture(scope="module")
def played(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Switches]:
    folder = tmp_path_factory.mktemp("storm") / "at"
    worlds = list(WORLDS.values())
    seen = play(
        folder, worlds, LIVELIHOOD, HABITS, switches=SWITCHES, minutes=MINUTES, seed=SEED
    )  # fmt: skip
    return dict(seen)


@pytest.fixture(scope="module")
def found(played: dict[str, Switches]) -> dict[str, Figures]:
    return {world: figures(seen, MINUTES / 60) for world, seen in played.items()}


def simulated(world: str) -> Switches:
    return simulate_played(
        WORLDS[world], LIVELIHOOD, HABITS, switches=SWITCHES, minutes=MINUTES,
        warm_up_s=WARM_UP_S, seed=SEED,
    )  # fmt: skip


def test_it_says_its_intervals_and_the_formula_lies_in_them(
    found: dict[str, Figures], record_property: Callable[[str, object], None]
) -> None:
    """Of five intervals of 95 % one may miss by chance; none may miss by twice its width."""
    record_property("figures", "\n".join(f"{w:>14}: {_told(one)}" for w, one in found.items()))
    inside = [world for world, one in found.items() if one.erlang_b in one.blocked]
    assert len(inside) >= 4, inside
    for world, one in found.items():
        width = one.blocked.high - one.blocked.low
        assert abs(one.blocked.value - one.erlang_b) < width, world


def _told(one: Figures) -> str:
    emergencies = f"{one.emergencies} emergencies, blocked {one.emergencies_blocked}"
    every = f"{one.attempts} attempts, blocked {one.blocked}, Erlang B {one.erlang_b:.1%}"
    return f"{every}; {emergencies}"


def test_who_is_blocked_is_who_is_blocked_in_the_simulation(played: dict[str, Switches]) -> None:
    for world, seen in played.items():
        with_itself = agreement(seen, simulated(world))
        assert with_itself.attempts > 200, (world, str(with_itself))
        assert with_itself.share > 0.85, (world, str(with_itself))


def test_control_the_simulation_of_another_world_does_not_agree(
    played: dict[str, Switches],
) -> None:
    assert agreement(played["no-bridge"], simulated("all")).share < 0.75
    assert agreement(played["all"], simulated("no-bridge")).share < 0.75


def test_every_world_frees_its_lines_as_it_says(played: dict[str, Switches]) -> None:
    seen = {world: [a for one in of for a in one if not a.blocked] for world, of in played.items()}
    for name in ("menu-redirect", "menu-refer", "all"):
        keyed = [a for a in seen[name] if a.kind is Kind.LIVELIHOOD and a.seat_after_s is None]
        assert len(keyed) > 50
        assert longest(keyed) < HABITS.latest_key_s + SPARE_S, name
    others = [a for a in seen["call-taker"] if a.kind is not Kind.POLICE]
    assert others
    assert longest(others) < HABITS.hands_over_after_s + SPARE_S
    held = [a for a in seen["no-bridge"] if a.kind is not Kind.POLICE]
    assert longest(held) > 3 * HABITS.hands_over_after_s


def longest(attempts: Sequence[Attempt]) -> float:
    """Seconds on a line that nearly all of them do not exceed."""
    return percentile([attempt.line_s for attempt in attempts], NEARLY_ALL)


def test_the_call_takers_key_helps_most_and_the_menu_alone_less(found: dict[str, Figures]) -> None:
    none, menu, key = (found[w].blocked for w in ("no-bridge", "menu-refer", "call-taker"))
    assert key.high < none.low
    assert key.value < menu.value < none.value
