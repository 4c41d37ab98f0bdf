"""Who calls in the busy hour, what each of them does, and the five worlds that take the calls.

The same model is played on real switches (`scripts.storm.played`) and simulated
(`scripts.storm.simulation`). All times are seconds.
"""

import random
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum

CALLS_AN_HOUR = 350
LINES = 4
ONE_CALLER_EVERY_S = 90 * 60 / 73  # the source's drunk caller: 73 calls in 90 minutes


class Kind(StrEnum):
    """JUNK says nothing, presses nothing; ONE is the caller who calls again and again."""

    JUNK = "junk"
    ONE = "one-caller"
    LIVELIHOOD = "livelihood"
    POLICE = "police"


@dataclass(frozen=True, slots=True)
class Mix:
    """Shares of the calls of the hour; `one_caller`: one of the junk callers calls 73 times."""

    name: str
    junk: float
    livelihood: float
    police: float
    one_caller: bool = False

    def __post_init__(self) -> None:
        if abs(self.junk + self.livelihood + self.police - 1) > 1e-9:
            raise ValueError(f"the shares of {self.name} are not 1 together")


NUISANCE = Mix("nuisance", junk=3420 / 3500, livelihood=0.0, police=80 / 3500, one_caller=True)
LIVELIHOOD = Mix("livelihood", junk=0.20, livelihood=0.65, police=0.15)
MIXES = {mix.name: mix for mix in (NUISANCE, LIVELIHOOD)}


class Release(StrEnum):
    NONE = "none"
    REDIRECT = "redirect"
    REFER = "refer"


@dataclass(frozen=True, slots=True)
class World:
    """menu: callers are asked first. release: what becomes of who keys livelihood, or is handed over.

    hands_over: the call-taker presses one key when he knows that a call is not for the police.
    """

    name: str
    menu: bool
    release: Release
    hands_over: bool


WORLDS = {
    world.name: world
    for world in (
        World("no-bridge", menu=False, release=Release.NONE, hands_over=False),
        World("menu-redirect", menu=True, release=Release.REDIRECT, hands_over=False),
        World("menu-refer", menu=True, release=Release.REFER, hands_over=False),
        World("call-taker", menu=False, release=Release.REFER, hands_over=True),
        World("all", menu=True, release=Release.REFER, hands_over=True),
    )
}


@dataclass(frozen=True, slots=True)
class Habits:
    """What people do; the defaults are the source's figures, or named guesses.

    keys_correctly: the share of livelihood callers and of emergencies who press their key (guess).
    key_after_s: mean time from the answer to that key, an exponential after `fastest_key_s` (guess),
    at most the menu and its patience.
    talk_s: mean of any talk with the police (source: 60 s a call). desk_s: with the livelihood desk
    (guess). hands_over_after_s: talk until the call-taker's key (source: about 20 s).
    redials: the share of blocked callers who try again (guess), `redial_after_s` later, so many times.
    """

    keys_correctly: float = 0.7
    fastest_key_s: float = 1.0
    key_after_s: float = 3.5
    menu_s: float = 5.3
    patience_s: float = 2.0
    talk_s: float = 60.0
    desk_s: float = 150.0
    hands_over_after_s: float = 20.0
    redials: float = 0.0
    redial_after_s: float = 10.0
    redials_at_most: int = 5


@dataclass(frozen=True, slots=True)
class Caller:
    """One who calls at `at`. key_after_s None: he presses nothing.

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
            return self._with_police_s(world, habits)
        if self.key_after_s is None:
            return habits.menu_s + habits.patience_s + self._with_police_s(world, habits)
        if not self.rings_police(world):
            return self.key_after_s
        return self.key_after_s + self._with_police_s(world, habits)

    def desk_takes_s(self, world: World, habits: Habits) -> float:
        """How long he is with the livelihood desk after that; 0: he never comes there."""
        gone = not self.rings_police(world) or self._handed_over(world, habits)
        return self.desk_s if gone else 0.0

    def rings_police(self, world: World) -> bool:
        """Everybody but who pressed the key of livelihood."""
        return not (world.menu and self.kind is Kind.LIVELIHOOD and self.key_after_s is not None)

    def seat_after_s(self, world: World, habits: Habits) -> float:
        """From his answered call to the ring of a police seat. Only of who goes there."""
        if not world.menu:
            return 0.0
        return habits.menu_s + habits.patience_s if self.key_after_s is None else self.key_after_s

    def _handed_over(self, world: World, habits: Habits) -> bool:
        other = self.kind is not Kind.POLICE
        return world.hands_over and other and self.talk_s > habits.hands_over_after_s

    def _with_police_s(self, world: World, habits: Habits) -> float:
        return habits.hands_over_after_s if self._handed_over(world, habits) else self.talk_s


def callers(mix: Mix, habits: Habits, dice: random.Random) -> Iterator[Caller]:
    """Callers of endless busy hours in the order of their calls, but for the one caller's."""
    junk = mix.junk - (one_callers_share() if mix.one_caller else 0)
    shares = {Kind.JUNK: junk, Kind.LIVELIHOOD: mix.livelihood, Kind.POLICE: mix.police}
    per_s = CALLS_AN_HOUR / 3600 * sum(shares.values())
    at = 0.0
    while True:
        at += dice.expovariate(per_s)
        kind = dice.choices(list(shares), list(shares.values()))[0]
        yield somebody(at, kind, habits, dice)


def somebody(at: float, kind: Kind, habits: Habits, dice: random.Random) -> Caller:
    keys = kind in (Kind.LIVELIHOOD, Kind.POLICE) and dice.random() < habits.keys_correctly
    slowest = habits.menu_s + habits.patience_s
    mean = habits.key_after_s - habits.fastest_key_s
    key_after = min(habits.fastest_key_s + dice.expovariate(1 / mean), slowest - 0.1)
    talk, desk = dice.expovariate(1 / habits.talk_s), dice.expovariate(1 / habits.desk_s)
    return Caller(at, kind, key_after if keys else None, talk, desk)


def one_callers_share() -> float:
    """His calls among those of the hour."""
    return 3600 / ONE_CALLER_EVERY_S / CALLS_AN_HOUR
