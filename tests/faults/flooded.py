"""A flood past the lab's switch, real callers through it, and what the switch saw of them."""

import itertools
import math
import time
from collections.abc import Sequence
from dataclasses import dataclass

from scripts.lab import sipp
from scripts.lab.callers import Press, Stay, caller
from scripts.lab.sipp import Endpoint, Person, Sipp
from scripts.lab.waiting import wait_until
from scripts.lab.witness import Witness
from tests.real_asterisk.system import System

TURNS = itertools.count(1)
NEVER = math.inf


@dataclass(frozen=True, slots=True)
class Flood:
    """a_second, real_a_second: calls begun. seconds: of the real callers; the flood is longer."""

    a_second: float
    seconds: int
    real_a_second: float

    @property
    def invites(self) -> int:
        return round(self.a_second * (self.seconds + 2))

    @property
    def real(self) -> int:
        return round(self.real_a_second * self.seconds)

    def beside(self, system: System, numbers: Sequence[str]) -> list[Witness]:
        """The real callers' calls in the middle of a flood; both are over when this returns."""
        attack = past_the_switch(system, numbers, self.a_second)
        try:
            time.sleep(1)  # a flood has no event of its own: it is at its height
            seen = real_callers(system, self.real, self.real_a_second)
            attack.wait(60)
        finally:
            attack.stop()
        wait_until(lambda: not system.node.channels(), "everybody to be gone", 40)
        return seen


def past_the_switch(system: System, numbers: Sequence[str], per_second: float) -> Sipp:
    """From the switch's address, without the switch: nobody who is refused is rung for."""
    plan, turn = system.town.plan, next(TURNS)
    return sipp.call(
        plan.root / "flood",
        f"flood-{turn}",
        caller([Stay(12)]),
        at=Endpoint(plan.switch_host, 7770 + turn, 37000 + 10 * turn),
        to=f"{plan.node_host}:{plan.node_port}",
        dial="110",
        people=[Person(number) for number in numbers],
        per_second=per_second,
    )


def real_callers(system: System, count: int, per_second: float) -> list[Witness]:
    """Each keys 1 as soon as he is answered; what the switch saw of each, when all are over."""
    plan, turn = system.town.plan, next(TURNS)
    numbers = [f"139{turn:04d}{n:04d}" for n in range(count)]
    stream = sipp.call(
        plan.root / "real",
        f"real-{turn}",
        caller([Press("1"), Stay(15)], key_by_info=True),
        at=Endpoint(plan.callers_host, 7800 + turn, 38000 + 10 * turn),
        to=f"{plan.switch_host}:{plan.switch_port}",
        dial="110",
        people=[Person(number) for number in numbers],
        per_second=per_second,
    )
    stream.wait(count / per_second + 60)
    return [system.town.ended(number) for number in numbers]


def answered_s(seen: Witness) -> float:
    """From dialling to the node's answer; infinite: never."""
    return NEVER if seen.answered_at is None else seen.answered_at - seen.dialled_at


def rang_s(seen: Witness) -> float:
    """From dialling until a police seat rang; infinite: never."""
    return NEVER if seen.first_ring_s is None else seen.first_ring_s


def percentile(figures: Sequence[float], part: float) -> float:
    """The smallest figure that `part` of all do not exceed."""
    return sorted(figures)[math.ceil(part * len(figures)) - 1]


def figures(seen: Sequence[Witness]) -> str:
    """In words: how long they waited."""
    answered, rang = [answered_s(one) for one in seen], [rang_s(one) for one in seen]
    said = (
        f"{what} after {1000 * percentile(times, 0.5):,.0f} ms, p99 "
        f"{1000 * percentile(times, 0.99):,.0f} ms, the last {1000 * max(times):,.0f} ms"
        for what, times in (("answered", answered), ("police rang", rang))
    )
    return f"{len(seen)} real callers: {'; '.join(said)}"


def reasons(system: System, numbers: Sequence[str], timeout_s: float = 60) -> dict[str, int]:
    """Rows of these numbers, by reason, once the store has every leg."""
    wanted, whole = set(numbers), len(numbers)

    def stored() -> list[str]:
        rows = [row for row in system.calls() if row.caller in wanted and row.ended_at]
        return [str(row.reason) for row in rows] if len(rows) == whole else []

    found = wait_until(stored, f"{whole} rows", timeout_s, every_s=1)
    assert isinstance(found, list)
    return {reason: found.count(reason) for reason in sorted(set(found))}
