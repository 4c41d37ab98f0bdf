"""Made-up tickets: plausible, the same for the same seed, and by the rules."""

from dataclasses import dataclass
from datetime import date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scripts.seeding.days import tell_day
from scripts.seeding.matters import matters
from scripts.seeding.paths import WAYS
from scripts.seeding.people import PREFIX
from scripts.seeding.times import CLOSES, OPENS, days_before, in_office, midnight
from scripts.seeding.told import Life
from tickets.fields import fields_given
from tickets.lifecycle import checked
from tickets.model import ServiceClass, Source, State
from tickets.numbers import SHANGHAI, shanghai_day

DAY = date(2026, 9, 1)
LATER = midnight(date(2027, 6, 1))


@dataclass
class Ticket:
    state: str
    unit: str | None = None
    responsible: str | None = None
    handing_to: str | None = None
    close_exempt: str | None = None
    matter: str | None = None
    request: str | None = None
    opened_at: datetime | None = None


@pytest.fixture(scope="module")
def lives() -> list[Life]:
    return tell_day(DAY, 3000, 7, 1, LATER)


def seen(lives: list[Life]) -> set[str]:
    return {change.values["state"] for life in lives for change in life.changes if
            "state" in change.values}  # fmt: skip


def test_every_change_of_every_life_is_one_that_the_lifecycle_allows(lives):
    for life in lives:
        ticket = Ticket("new", request=life.row["request"])
        for change in life.changes:
            given = {
                name: 1 if isinstance(value, Life) else value
                for name, value in change.given.items()
            }
            checked(
                ticket,
                change.move,
                change.actor,
                fields_given(change.move, given),
                change.because or "",
            )
            for name, value in change.values.items():
                setattr(ticket, name, value)


def test_all_states_and_all_ways_are_in_a_few_thousand(lives):
    # `returned` and `call-back` come from calls alone, which are told whole here.
    assert seen(lives) | {"new"} == set(State) - {State.RETURNED, State.CALL_BACK}
    assert len(WAYS) == 11


def test_nothing_happens_before_its_cause(lives):
    for life in lives:
        times = [life.row["opened_at"], *(change.at for change in life.changes)]
        assert times == sorted(times)
        if life.part_of:
            split = next(change for change in life.part_of.changes if change.move == "split")
            assert life.row["opened_at"] == split.at


def test_nothing_is_told_that_has_not_happened_yet():
    until = midnight(DAY + timedelta(days=2))
    lives = tell_day(DAY, 500, 7, 1, until)
    assert all(change.at < until for life in lives for change in life.changes)
    assert all(each["ended_at"] < until for life in lives for each in life.call_backs)
    assert "dispatched" in {
        next((c.values["state"] for c in reversed(life.changes) if "state" in c.values), "new")
        for life in lives
    }


def test_the_same_seed_tells_the_same_and_another_does_not():
    def told(seed: int) -> list[object]:
        return [
            (life.row, life.call, life.call_backs, [(c.move, c.at, c.actor) for c in life.changes])
            for life in tell_day(DAY, 200, seed, 1, LATER)
        ]

    assert told(7) == told(7)
    assert told(7) != told(8)


def test_each_ticket_is_of_its_day_and_numbered_in_the_order_of_opening(lives):
    opened = [life.row["opened_at"] for life in lives]
    assert opened == sorted(opened)
    assert {shanghai_day(at) for at in opened} == {DAY}
    assert len({life.row["provisional_number"] for life in lives}) == len(lives) == 3000


def test_two_reports_of_one_matter_are_near_in_place_and_time(lives):
    joined = [life for life in lives if life.joined_to]
    assert len(joined) > 30
    for life in joined:
        head = life.joined_to
        assert head is not None
        assert life.row["area"] == head.row["area"]
        assert life.row["place"].startswith(head.row["place"])


def test_nobody_who_rings_has_a_number_that_somebody_could_have(lives):
    numbers = {life.row["caller"] for life in lives} - {None}
    assert all(len(number) == 11 and number.startswith(PREFIX) for number in numbers)
    assert any(life.row["caller_kind"] == "withheld" for life in lives)


def test_every_matter_has_at_least_eight_phrasings_of_its_own():
    told = [phrasing for matter in matters() for phrasing in matter.phrasings]
    assert len(told) == len(set(told))
    assert all(len(matter.phrasings) >= 8 for matter in matters())
    assert {matter.service_class for matter in matters()} <= set(ServiceClass)
    assert len({matter.code for matter in matters()}) == len(matters())


def test_sources_are_those_of_the_model(lives):
    assert {life.row["source"] for life in lives} <= set(Source)


@given(st.integers(0, 5000), st.integers(1, 400))
def test_the_days_have_all_tickets_and_weekends_fewer(count, days):
    told = days_before(date(2026, 11, 29), days, count)
    assert sum(n for _, n in told) == count
    assert all(n > 0 and day < date(2026, 11, 29) for day, n in told)


@given(st.datetimes(datetime(2026, 1, 1), datetime(2027, 1, 1)))
def test_offices_work_on_weekdays_by_day(at):
    then = in_office(at.replace(tzinfo=SHANGHAI)).astimezone(SHANGHAI)
    assert then >= at.replace(tzinfo=SHANGHAI)
    assert then.weekday() < 5
    assert OPENS <= then.time() <= CLOSES
    assert in_office(then) == then
