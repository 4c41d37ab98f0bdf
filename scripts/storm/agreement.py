"""Whether the simulation is a picture of the played storm: the same people, attempt by attempt."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from reports.capacity.hour import Habits, Mix, World
from scripts.storm.simulation import Attempt, simulate

SAME_MOMENT_S = 1.5  # a process that is given no core calls late

Switches = Sequence[Sequence[Attempt]]


@dataclass(frozen=True, slots=True)
class Agreement:
    """attempts: played ones whose twin was found. same: of these, blocked or taken alike.

    alone: attempts that only one of the two has.
    """

    attempts: int
    same: int
    alone: int

    @property
    def share(self) -> float:
        return self.same / self.attempts if self.attempts else 0.0

    def __str__(self) -> str:
        return f"{self.same} of {self.attempts} alike ({self.share:.1%}), {self.alone} without twin"


def simulate_played(
    world: World, mix: Mix, habits: Habits, *,
    switches: int, minutes: float, warm_up_s: float, seed: int,
) -> list[list[Attempt]]:  # fmt: skip
    """The storm that `played.play` plays with the same words, in no time."""
    hours = (warm_up_s + minutes * 60) / 3600
    every = [simulate(world, mix, habits, hours, played_seed(seed, n)) for n in range(switches)]
    return [[a for a in one if a.at >= warm_up_s] for one in every]


def played_seed(seed: int, switch: int) -> int:
    """Each switch has people of its own, the same in every world."""
    return seed * 1000 + switch


def agreement(played: Switches, simulated: Switches) -> Agreement:
    """Attempt by attempt: the nearest of the same kind within SAME_MOMENT_S is its twin."""
    pairs = [_twins(*both) for both in zip(played, simulated, strict=True)]
    found = [pair for switch in pairs for pair in switch]
    every = sum(map(len, played)) + sum(map(len, simulated))
    same = sum(1 for one, other in found if one.blocked == other.blocked)
    return Agreement(len(found), same, every - 2 * len(found))


def _twins(
    played: Iterable[Attempt], simulated: Iterable[Attempt]
) -> list[tuple[Attempt, Attempt]]:
    left = list(simulated)
    found = []
    for one in played:
        near = [o for o in left if o.kind is one.kind and abs(o.at - one.at) <= SAME_MOMENT_S]
        if near:
            twin = min(near, key=lambda other: abs(other.at - one.at))
            left.remove(twin)
            found.append((one, twin))
    return found
