"""The storm on real switches: every four-line switch beside every other, in real time."""

import asyncio
import random
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from reports.capacity.hour import Habits, Kind, Mix, Release, World
from scripts.storm.agreement import played_seed
from scripts.storm.callers import ONE_CALLER_EVERY_S, Caller, callers, somebody
from scripts.storm.seen import KINDS, attempts_of, slots_held_s
from scripts.storm.simulation import Attempt
from scripts.storm.site import HANDS_OVER, STAYS, Site

DIGIT = {kind: digit for digit, kind in KINDS.items()}
KEY = {Kind.LIVELIHOOD: "2", Kind.POLICE: "1"}
WARM_UP_S = 60.0
AFTER_S = 60.0  # for the calls that go on when the hour is over
STARTS_AT_ONCE = 4


def play(
    folder: Path,
    worlds: Sequence[World],
    mix: Mix,
    habits: Habits,
    *,
    switches: int,
    minutes: float,
    warm_up_s: float = WARM_UP_S,
    seed: int = 1,
    tell: Callable[[str], None] = lambda _: None,
) -> dict[str, list[list[Attempt]]]:
    """The attempts of each world's switches, without those of the warm-up.

    Raises:
        NeverHappened: a process did not come up.
    """
    sites = [
        Site(folder / f"{world.name}-{n}", 1 + w * switches + n, world, habits.hands_over_after_s)
        for w, world in enumerate(worlds)
        for n in range(switches)
    ]
    # Whoever starts a process must live as long as it does.
    with ThreadPoolExecutor(STARTS_AT_ONCE) as starters:
        try:
            for n, _ in enumerate(starters.map(lambda site: site.start(), sites), 1):
                tell(f"{n} of {len(sites)} switches are up")
            began = time.time()
            tell(f"playing {minutes:g} min after {warm_up_s:g} s of warm-up")
            ends = warm_up_s + minutes * 60
            for n, site in enumerate(sites):
                _Hour(site, mix, habits, played_seed(seed, n % switches), ends).begin()
            _wait(began + ends + AFTER_S, tell)
            ended = time.time()
            found: dict[str, list[list[Attempt]]] = {}
            for site in sites:
                seen = _attempts(site, began, ended)
                of_world = found.setdefault(site.world.name, [])
                of_world.append([a for a in seen if warm_up_s <= a.at])
            return found
        finally:
            list(starters.map(lambda site: site.stop(), sites))


def _wait(until: float, tell: Callable[[str], None]) -> None:
    """A storm takes its time; now and then it says how much is left."""
    while (left := until - time.time()) > 0:
        time.sleep(min(left, 30))
        if left > 30:
            tell(f"{left - 30:.0f} s to go")


def _attempts(site: Site, began: float, ended: float) -> list[Attempt]:
    assert site.switch is not None
    slots = None
    if site.world.release is Release.REDIRECT and site.node:
        slots = slots_held_s(site.node.engine)
    return attempts_of(site.switch.events(), slots, began, ended)


class _Hour:
    """The people of one switch, on the loop of its callers' telephones."""

    def __init__(self, site: Site, mix: Mix, habits: Habits, seed: int, ends: float) -> None:
        self.site, self.mix, self.habits, self.ends = site, mix, habits, ends
        self._coming = callers(mix, habits, random.Random(seed))
        self._again = random.Random(f"again {seed}")
        self._one = random.Random(f"one {seed}")
        self._made = 0

    def begin(self) -> None:
        self.site.callers.run(self._all())
        if self.mix.one_caller:
            self.site.callers.run(self._one_calls())

    async def _all(self) -> None:
        loop = asyncio.get_running_loop()
        began = loop.time()
        for caller in self._coming:
            if caller.at > self.ends:
                return
            await asyncio.sleep(max(0.0, began + caller.at - loop.time()))
            self._made += 1
            number = self._number(caller, self._made)
            self.site.callers.run_beside(self._calls(caller, number))

    async def _calls(self, caller: Caller, number: str) -> None:
        for _ in range(1 + self.habits.redials_at_most):
            talk = await self._one_call(caller, number)
            if talk or self._again.random() >= self.habits.redials:
                return
            await asyncio.sleep(self._again.expovariate(1 / self.habits.redial_after_s))

    async def _one_calls(self) -> None:
        loop = asyncio.get_running_loop()
        ends = loop.time() + self.ends
        await asyncio.sleep(self._one.uniform(0, ONE_CALLER_EVERY_S))
        while loop.time() < ends:
            one = somebody(0.0, Kind.ONE, self.habits, self._one)
            await self._one_call(one, self._number(one, 0))
            held_s = one.police_s(self.site.world, self.habits)
            pause_s = max(ONE_CALLER_EVERY_S - held_s, 5.0)
            await asyncio.sleep(self._one.expovariate(1 / pause_s))

    async def _one_call(self, caller: Caller, number: str) -> bool:
        """Whether he was answered; returns when his call is over."""
        world, habits = self.site.world, self.habits
        stays_s = caller.police_s(world, habits) + caller.desk_takes_s(world, habits)
        key_after_s = caller.key_after_s if world.menu else None
        key = KEY.get(caller.kind, "")
        talk = self.site.callers.begin(number, key, key_after_s, stays_s)
        await talk.ended.wait()
        return talk.answered.is_set()

    def _number(self, caller: Caller, n: int) -> str:
        flag = HANDS_OVER if caller.handed_over(self.site.world, self.habits) else STAYS
        return f"1{DIGIT[caller.kind]}{flag}{n:08d}"
