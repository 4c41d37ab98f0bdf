"""The busy hour: who calls, what people do, and the worlds that take the calls. Times are seconds.

The figures are the source's where it has one; what is a guess is named a guess.
"""

import math
from dataclasses import dataclass
from enum import StrEnum


class Kind(StrEnum):
    """JUNK says nothing and presses nothing; ONE is the caller who calls again and again."""

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
        if min(self.shares.values()) < 0 or abs(sum(self.shares.values()) - 1) > 1e-9:
            raise ValueError(f"the shares of {self.name} are not 1 together: {self.shares}")

    @property
    def shares(self) -> dict[Kind, float]:
        return {
            Kind.JUNK: self.junk,
            Kind.LIVELIHOOD: self.livelihood,
            Kind.POLICE: self.police,
        }


NUISANCE = Mix("nuisance", junk=3420 / 3500, livelihood=0.0, police=80 / 3500, one_caller=True)
LIVELIHOOD = Mix("livelihood", junk=0.20, livelihood=0.65, police=0.15)
MIXES = {mix.name: mix for mix in (NUISANCE, LIVELIHOOD)}


class Release(StrEnum):
    """How a caller leaves the police line; see docs/call-path.md."""

    NONE = "none"
    REDIRECT = "redirect"
    REFER = "refer"


@dataclass(frozen=True, slots=True)
class World:
    """menu: callers are asked first. release: what becomes of who is not for the police.

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
    """What people do.

    keys_correctly: share of livelihood callers and of emergencies who press their key (guess).
    fastest_key_s, key_after_s: the shortest and the mean time from the answer to the key, before
    menu and patience are over (guesses). talk_s: mean of a talk with the police (source: 60).
    desk_s: mean of a talk with the livelihood desk (guess). hands_over_after_s: the call-taker's
    key, after the answer (source: about 20). waits_s: mean patience of who waits for the desk
    (guess). redials: share of blocked callers who try again, `redial_after_s` later on the mean,
    at most `redials_at_most` times (guesses).
    """

    keys_correctly: float = 0.7
    fastest_key_s: float = 1.0
    key_after_s: float = 3.5
    menu_s: float = 5.3
    patience_s: float = 2.0
    talk_s: float = 60.0
    desk_s: float = 150.0
    hands_over_after_s: float = 20.0
    waits_s: float = 60.0
    redials: float = 0.0
    redial_after_s: float = 10.0
    redials_at_most: int = 5

    @property
    def silent_s(self) -> float:
        """From the answer to the police where nobody presses anything."""
        return self.menu_s + self.patience_s

    @property
    def latest_key_s(self) -> float:
        return self.silent_s - 0.1

    @property
    def mean_key_s(self) -> float:
        """With the keys that would have come too late put at the latest moment."""
        mean = self.key_after_s - self.fastest_key_s
        room = self.latest_key_s - self.fastest_key_s
        return self.fastest_key_s + mean * (1 - math.exp(-room / mean))


@dataclass(frozen=True, slots=True)
class Means:
    """Of one call: line_s on the police line, desk: chance to come to the livelihood desk."""

    line_s: float
    desk: float


def means(world: World, mix: Mix, habits: Habits) -> Means:
    """Over all calls of the mix."""
    line_s = desk = 0.0
    for kind, share in mix.shares.items():
        one = _of_kind(world, kind, habits)
        line_s += share * one.line_s
        desk += share * one.desk
    return Means(line_s, desk)


def _of_kind(world: World, kind: Kind, habits: Habits) -> Means:
    talk = _talk(world, kind, habits)
    if not world.menu:
        return talk
    unkeyed = Means(habits.silent_s + talk.line_s, talk.desk)
    if kind not in (Kind.LIVELIHOOD, Kind.POLICE):
        return unkeyed
    gone = kind is Kind.LIVELIHOOD
    after_key = Means(0.0, 1.0) if gone else talk
    keyed = Means(habits.mean_key_s + after_key.line_s, after_key.desk)
    p = habits.keys_correctly
    return Means(
        p * keyed.line_s + (1 - p) * unkeyed.line_s, p * keyed.desk + (1 - p) * unkeyed.desk
    )


def _talk(world: World, kind: Kind, habits: Habits) -> Means:
    """Talks are exponential: some end before the call-taker would press."""
    if kind is Kind.POLICE or not world.hands_over:
        return Means(habits.talk_s, 0.0)
    longer = math.exp(-habits.hands_over_after_s / habits.talk_s)
    return Means(habits.talk_s * (1 - longer), longer)
