"""How many lines, seats and nodes: the formulas put to the busy hour of a city."""

import math
from dataclasses import asdict, dataclass

from reports.capacity.erlang import blocked, lines_for, seats_for
from reports.capacity.hour import Habits, Mix, World, means


@dataclass(frozen=True, slots=True)
class Wish:
    """What a city has and wants.

    busy_hour: the share of a day's calls in its busiest hour. blocked_at_most: of all attempts.
    answered: share of livelihood callers who talk to somebody within_s. node_calls_per_s: what one
    node was measured to take; spare_nodes: how many may be down at any time.
    """

    calls_a_day: float
    busy_hour: float = 0.10
    lines_now: int = 4
    blocked_at_most: float = 0.01
    answered: float = 0.95
    within_s: float = 15.0
    node_calls_per_s: float = 20.0
    spare_nodes: int = 1

    @property
    def calls_an_hour(self) -> float:
        return self.calls_a_day * self.busy_hour


@dataclass(frozen=True, slots=True)
class Plan:
    """Of one world. line_s: mean time of a call on a police line. load: erlangs on these lines.

    blocked_now: with the lines there are. lines: enough for the wish, and as many police seats.
    desk_seats: for livelihood callers. desk_load: their erlangs. nodes: spare ones among them.
    """

    world: str
    line_s: float
    load: float
    blocked_now: float
    lines: int
    desk_load: float
    desk_seats: int
    nodes: int

    def as_dict(self) -> dict[str, str | float | int]:
        return {
            name: round(value, 4) if isinstance(value, float) else value
            for name, value in asdict(self).items()
        }


def plan(world: World, mix: Mix, habits: Habits, wish: Wish) -> Plan:
    """Raises ValueError: a wish that no number of lines or seats can meet."""
    if wish.calls_a_day <= 0 or not 0 < wish.busy_hour <= 1:
        raise ValueError(f"calls a day and the busy hour's share are above 0: {wish}")
    if not (0 < wish.blocked_at_most < 1 and 0 < wish.answered < 1):
        raise ValueError(f"blocked and answered are shares between 0 and 1: {wish}")
    of_one = means(world, mix, habits)
    per_s = wish.calls_an_hour / 3600
    load, desk_per_s = per_s * of_one.line_s, per_s * of_one.desk
    seats = 0
    if desk_per_s:
        seats = seats_for(desk_per_s, habits.desk_s, habits.waits_s, wish.answered, wish.within_s)
    return Plan(
        world=world.name,
        line_s=of_one.line_s,
        load=load,
        blocked_now=blocked(load, wish.lines_now),
        lines=lines_for(load, wish.blocked_at_most),
        desk_load=desk_per_s * habits.desk_s,
        desk_seats=seats,
        nodes=math.ceil(per_s / wish.node_calls_per_s) + wish.spare_nodes,
    )
