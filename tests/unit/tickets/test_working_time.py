"""Counting time: against a plain count of half hours, which knows nothing of spans."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import date, datetime, time, timedelta
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.unit.tickets.times import HOURS, TIME, YEAR_2026, at, half_hours
from tickets.numbers import SHANGHAI
from tickets.working_time import (
    Clock,
    DeadlineTooFar,
    MeasureUnknown,
    Span,
    measure,
    merged,
    midnight_after,
)

HALF = timedelta(minutes=30)
FIRST = at("2026-09-14 00:00")
CLOCKS = st.sampled_from(Clock)
TIMES = half_hours(FIRST, 40)
PAUSES = st.lists(st.tuples(TIMES, TIMES), max_size=5)
AMOUNTS = st.integers(1, 120).map(lambda n: n * HALF)


def counts(clock: Clock, moment: datetime) -> bool:
    """Whether the half hour that begins now counts."""
    local = moment.astimezone(SHANGHAI)
    hour = local.hour + local.minute / 60
    match clock:
        case Clock.ROUND:
            return True
        case Clock.DAYTIME:
            return 7 <= hour < 22
        case _:
            open_now = 8 <= hour < 12 or 14.5 <= hour < 17.5
            return open_now and YEAR_2026.is_working(local.date())


def stands(moment: datetime, pauses: Sequence[Span]) -> bool:
    return any(begin <= moment < end for begin, end in pauses)


def counted(clock: Clock, start: datetime, end: datetime, pauses: Sequence[Span]) -> timedelta:
    total, moment = timedelta(), start
    while moment < end:
        if counts(clock, moment) and not stands(moment, pauses):
            total += HALF
        moment += HALF
    return total


@given(CLOCKS, TIMES, TIMES, PAUSES)
def test_open_time_is_what_a_plain_count_finds(clock, start, end, pauses):
    assert TIME.open_time(clock, start, end, merged(pauses)) == counted(clock, start, end, pauses)


@given(CLOCKS, TIMES, AMOUNTS, PAUSES)
def test_going_ahead_ends_at_the_first_moment_by_which_enough_has_counted(
    clock, start, amount, pauses
):
    end, days = TIME.ahead(clock, start, amount, merged(pauses))
    assert counted(clock, start, end, pauses) == amount
    assert counted(clock, start, end - HALF, pauses) == amount - HALF
    assert sum((day.counted for day in days), timedelta()) == amount
    assert [day.left for day in days] == sorted((day.left for day in days), reverse=True)
    assert days[-1].left == timedelta()


@given(CLOCKS, TIMES, AMOUNTS)
def test_going_back_ends_at_the_last_moment_from_which_enough_counts(clock, end, amount):
    start = TIME.back(clock, end, amount)
    assert counted(clock, start, end, ()) == amount
    assert counted(clock, start + HALF, end, ()) == amount - HALF


@given(PAUSES)
def test_merged_pauses_are_in_order_apart_and_stand_at_the_same_times(pauses):
    kept = merged(pauses)
    assert all(begin < end for begin, end in kept)
    assert all(a[1] < b[0] for a, b in pairwise(kept))
    for n in range(0, 40 * 48, 7):
        moment = FIRST + n * HALF
        assert stands(moment, kept) == stands(moment, pauses)


@pytest.mark.parametrize(
    ("text", "zh"),
    [
        ("15 minutes", "15分钟"),
        ("1 hour", "1个小时"),
        ("2 daytime hours", "2个日间小时"),
        ("3 working hours", "3个工作小时"),
        ("7 working days", "7个工作日"),
    ],
)
def test_a_length_of_time_is_written_as_it_was_read(text, zh):
    assert (str(measure(text)), measure(text).zh) == (text, zh)


@pytest.mark.parametrize(
    "text", ["", "7 days", "0 hours", "7 daytime days", "2hours", "-1 hours", "２ hours", "2 h"]
)
def test_what_is_no_length_of_time_is_refused_with_what_would_be(text):
    with pytest.raises(MeasureUnknown, match="write `15 minutes`"):
        measure(text)


def test_a_night_over_midnight_and_one_after_it():
    dark = [
        t for t in ("21:59", "22:00", "06:59", "07:00") if HOURS.is_night(at(f"2026-09-14 {t}"))
    ]
    assert dark == ["22:00", "06:59"]
    short = replace(HOURS, night_from=time(1), night_until=time(5))
    assert [short.is_night(at(f"2026-09-14 0{n}:00")) for n in (0, 1, 4, 5)] == [
        False, True, True, False,
    ]  # fmt: skip
    spans = replace(TIME, hours=short).spans(Clock.DAYTIME, date(2026, 9, 14))
    assert spans == [
        (at("2026-09-14 00:00"), at("2026-09-14 01:00")),
        (at("2026-09-14 05:00"), at("2026-09-15 00:00")),
    ]


def test_midnight_is_that_of_shanghai_whatever_the_zone():
    assert midnight_after(at("2026-09-14 23:00")) == at("2026-09-15 00:00")
    assert midnight_after(datetime.fromisoformat("2026-09-14T16:00+00:00")) == at(
        "2026-09-16 00:00"
    )


def test_ten_years_are_the_end():
    with pytest.raises(DeadlineTooFar):
        TIME.open_time(Clock.ROUND, FIRST, FIRST + timedelta(days=4000))
    with pytest.raises(DeadlineTooFar):
        TIME.ahead(Clock.ROUND, FIRST, timedelta(days=4000))
    with pytest.raises(DeadlineTooFar):
        TIME.back(Clock.ROUND, FIRST, timedelta(days=4000))
