"""When people ring, and when offices work."""

from datetime import UTC, date, datetime, time, timedelta
from random import Random

from tickets.numbers import SHANGHAI

# Calls in each hour of the day, against the others.
HOURS = (4, 2, 2, 1, 1, 2, 5, 9, 14, 16, 15, 12, 9, 10, 13, 14, 13, 11, 10, 11, 10, 8, 7, 5)
OPENS, CLOSES = time(8, 30), time(17, 30)
WEEKEND = 5


def midnight(day: date) -> datetime:
    return datetime.combine(day, time(), SHANGHAI)


def moment(rng: Random, day: date) -> datetime:
    """Some second of this day in Asia/Shanghai, as aware UTC."""
    hour = rng.choices(range(24), HOURS)[0]
    at = midnight(day) + timedelta(hours=hour, seconds=rng.randrange(3600))
    return at.astimezone(UTC)


def in_office(at: datetime) -> datetime:
    """The same, or when the offices open next; holidays are not known here."""
    local = at.astimezone(SHANGHAI)
    if local.time() > CLOSES:
        local = datetime.combine(local.date() + timedelta(days=1), OPENS, SHANGHAI)
    elif local.time() < OPENS:
        local = datetime.combine(local.date(), OPENS, SHANGHAI)
    while local.weekday() >= WEEKEND:
        local = datetime.combine(local.date() + timedelta(days=1), OPENS, SHANGHAI)
    return local.astimezone(UTC)


def days_before(until: date, days: int, count: int) -> list[tuple[date, int]]:
    """How many tickets each day opens: `count` in all, fewer at weekends; `until` is left out."""
    every = [until - timedelta(days=back) for back in range(days, 0, -1)]
    weights = [7 if day.weekday() >= WEEKEND else 10 for day in every]
    whole, given, told = sum(weights), 0, []
    running = 0
    for day, weight in zip(every, weights, strict=True):
        running += weight
        upto = count * running // whole
        told.append((day, upto - given))
        given = upto
    return [(day, n) for day, n in told if n]
