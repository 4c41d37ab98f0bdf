"""Who is told, and when: never before the dispatch, never twice, not at night."""

from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.unit.tickets.times import TIME, YEAR_2026, at, half_hours
from tickets.deadline_rules import parse_deadlines
from tickets.ladder import Rung, Side, due_rungs, horizon, meeting_on, words
from tickets.model import Urgency

FILE = Path(__file__).parents[3] / "config" / "deadlines.toml"
RULES = parse_deadlines(FILE.read_bytes(), str(FILE))
DAYS, HOURS, MINUTES = (RULES.ladders[unit] for unit in ("day", "hour", "minute"))
HOUR = timedelta(hours=1)


@dataclass(frozen=True)
class Ticket:
    due_at: datetime
    dispatched_at: datetime | None = None
    urgency: str = "normal"


LATE = Ticket(at("2026-09-16 17:30"), at("2026-09-07 10:00"))


def played(ticket: Ticket, ladder: tuple[Rung, ...], until: str) -> list[tuple[int, str]]:
    """Each rung with the quarter of an hour in which it came."""
    made: list[int] = []
    told = []
    now = ticket.dispatched_at or ticket.due_at
    while now < at(until):
        for rung in due_rungs(ladder, ticket, now, TIME, made):
            made.append(rung.level)
            told.append((rung.level, f"{now:%m-%d %H:%M}"))
        now += timedelta(minutes=15)
    return told


def test_a_ticket_of_days_climbs_from_the_unit_to_the_leaders():
    assert played(LATE, DAYS, "2026-10-12 00:00") == [
        (1, "09-16 08:00"),
        (2, "09-16 17:30"),
        (3, "09-17 09:00"),
        (4, "09-18 17:30"),
        (5, "09-21 17:30"),  # Sunday the 20th makes up
        (6, "09-24 17:30"),
    ]


def test_nothing_is_sent_to_people_at_night_but_in_the_morning():
    ticket = Ticket(at("2026-09-16 21:45"), at("2026-09-15 21:45"))
    assert played(ticket, HOURS, "2026-09-17 12:00") == [
        (1, "09-16 20:45"), (2, "09-16 21:45"), (3, "09-17 07:00"), (4, "09-17 07:00"),
    ]  # fmt: skip


@pytest.mark.parametrize("urgency", [Urgency.URGENT, Urgency.EMERGENCY])
def test_an_urgent_ticket_wakes_people(urgency):
    ticket = Ticket(at("2026-09-16 21:45"), at("2026-09-15 21:45"), urgency)
    told = played(ticket, HOURS, "2026-09-17 12:00")
    assert told[2:] == [(3, "09-16 22:45"), (4, "09-17 01:45")]


@pytest.mark.control(without="the quiet hours")
def test_control_without_a_night_a_citizens_small_matter_wakes_people():
    ticket = Ticket(at("2026-09-16 21:45"), at("2026-09-15 21:45"))
    noon = at("2026-09-16 12:00").timetz().replace(tzinfo=None)
    awake = replace(TIME, hours=replace(TIME.hours, night_from=noon, night_until=noon))
    assert [rung.level for rung in due_rungs(HOURS, ticket, at("2026-09-17 02:00"), awake)] == [
        2, 3, 4,
    ]  # fmt: skip


def test_no_reminder_comes_before_the_dispatch_or_after_the_end():
    short = Ticket(at("2026-09-16 10:04"), at("2026-09-16 10:00"))
    assert due_rungs(MINUTES, short, at("2026-09-16 10:01"), TIME) == []
    late = due_rungs(MINUTES, short, at("2026-09-16 10:10"), TIME)
    assert [rung.level for rung in late] == [2, 3]


def test_what_is_made_is_not_due_again():
    now = at("2026-09-21 18:00")
    assert [rung.level for rung in due_rungs(DAYS, LATE, now, TIME)] == [2, 3, 4, 5]
    assert [rung.level for rung in due_rungs(DAYS, LATE, now, TIME, {2, 3, 4})] == [5]


@given(
    half_hours(at("2026-09-07 00:00"), 40), half_hours(at("2026-09-07 00:00"), 40),
    st.sampled_from([DAYS, HOURS, MINUTES]),
)  # fmt: skip
def test_a_ticket_due_after_the_horizon_has_reached_no_rung(due_at, now, ladder):
    ticket = Ticket(due_at, None, "emergency")
    if due_at > horizon(ladder, now, TIME):
        assert due_rungs(ladder, ticket, now, TIME) == []


@given(
    half_hours(at("2026-09-07 00:00"), 30), half_hours(at("2026-09-07 00:00"), 40),
    st.integers(0, 100), st.sampled_from(["normal", "urgent"]),
)  # fmt: skip
def test_what_is_reached_stays_reached_until_it_is_made(due_at, now, more, urgency):
    ticket = Ticket(due_at, None, urgency)
    later = now + more * HOUR
    if TIME.hours.is_night(later) and urgency == "normal":
        return
    first = {r.level for r in due_rungs(DAYS, ticket, now, TIME) if r.side is not Side.BEFORE}
    assert first <= {rung.level for rung in due_rungs(DAYS, ticket, later, TIME)}


def test_the_meeting_is_on_the_15th_or_the_next_day_that_is_worked():
    assert meeting_on(at("2026-09-14 23:00"), 15, YEAR_2026) == date(2026, 9, 15)
    assert meeting_on(at("2026-09-15 08:00"), 15, YEAR_2026) == date(2026, 10, 15)
    assert meeting_on(at("2026-10-20 08:00"), 15, YEAR_2026) == date(2026, 11, 16)  # a Sunday
    assert meeting_on(at("2026-11-15 08:00"), 15, YEAR_2026) == date(2026, 11, 16)
    assert meeting_on(at("2026-12-20 08:00"), 15, YEAR_2026) == date(2027, 1, 15)


def test_braces_in_a_citizens_title_are_only_text():
    assert words("{title}: {due}!", {"title": "a {due} {x", "due": "noon"}) == "a {due} {x: noon!"


def test_a_month_of_a_ticket_is_played_in_a_moment():
    """Each quarter of an hour of 31 days; the time is handed in."""
    told = played(LATE, DAYS, "2026-10-08 00:00")
    assert len(told) == 6
