"""One caller of the storm: drawn once, so that every world gets the same people."""

import random
from collections.abc import Iterator
from dataclasses import dataclass

from reports.capacity.hour import Habits, Kind, Mix, World

CALLS_AN_HOUR = 350
LINES = 4
ONE_CALLER_EVERY_S = 90 * 60 / 73  # the source's drunk caller: 73 calls in 90 minutes


@dataclass(frozen=True, slots=True)
class Caller:
    """Who calls at `at`. key_after_s: from the answer to his key; None: he presses nothing.

    talk_s: how long he talks with the police unless he is handed over; desk_s: with the desk.
    """

    at: float
    kind: Kind
    key_after_s: float | None
    talk_s: float
    desk_s: float

    def police_s(self, world: World, habits: Habits) -> float:
        """How long one of the police lines is his, in this world."""
        if not world.menu:
            return self.with_police_s(world, habits)
        if self.key_after_s is None:
            return habits.silent_s + self.with_police_s(world, habits)
        if not self.rings_police(world):
            return self.key_after_s
        return self.key_after_s + self.with_police_s(world, habits)

    def desk_takes_s(self, world: World, habits: Habits) -> float:
        """How long he is with the livelihood desk after that; 0: he never comes there."""
        gone = not self.rings_police(world) or self.handed_over(world, habits)
        return self.desk_s if gone else 0.0

    def rings_police(self, world: World) -> bool:
        """Everybody but who pressed the key of livelihood."""
        return not (world.menu and self.kind is Kind.LIVELIHOOD and self.key_after_s is not None)

    def seat_after_s(self, world: World, habits: Habits) -> float:
        """From his answered call to the ring of a police seat. Only of who goes there."""
        if not world.menu:
            return 0.0
        return habits.silent_s if self.key_after_s is None else self.key_after_s

    def handed_over(self, world: World, habits: Habits) -> bool:
        other = self.kind is not Kind.POLICE
        return world.hands_over and other and self.talk_s > habits.hands_over_after_s

    def with_police_s(self, world: World, habits: Habits) -> float:
        return habits.hands_over_after_s if self.handed_over(world, habits) else self.talk_s


def callers(mix: Mix, habits: Habits, dice: random.Random) -> Iterator[Caller]:
    """Callers of endless busy hours in the order of their calls; the one caller is not here."""
    shares = dict(mix.shares)
    shares[Kind.JUNK] -= one_callers_share() if mix.one_caller else 0
    per_s = CALLS_AN_HOUR / 3600 * sum(shares.values())
    at = 0.0
    while True:
        at += dice.expovariate(per_s)
        kind = dice.choices(list(shares), list(shares.values()))[0]
        yield somebody(at, kind, habits, dice)


def somebody(at: float, kind: Kind, habits: Habits, dice: random.Random) -> Caller:
    keys = kind in (Kind.LIVELIHOOD, Kind.POLICE) and dice.random() < habits.keys_correctly
    mean = habits.key_after_s - habits.fastest_key_s
    key_after = min(habits.fastest_key_s + dice.expovariate(1 / mean), habits.latest_key_s)
    talk, desk = dice.expovariate(1 / habits.talk_s), dice.expovariate(1 / habits.desk_s)
    return Caller(at, kind, key_after if keys else None, talk, desk)


def one_callers_share() -> float:
    """His calls among those of the hour."""
    return 3600 / ONE_CALLER_EVERY_S / CALLS_AN_HOUR
