"""When a ticket is due: examples that a citizen could check, and rules that always hold."""

from datetime import timedelta

from hypothesis import given
from hypothesis import strategies as st

from tests.unit.tickets.times import TIME, at, half_hours
from tickets.calendar import DayKind
from tickets.deadline import Deadline, Extension, deadline
from tickets.deadline_course import Happening, course
from tickets.model import State
from tickets.working_time import measure, merged, midnight_after

FIRST = at("2026-09-14 00:00")
HALF = timedelta(minutes=30)
TIMES = half_hours(FIRST, 30)
LATER = half_hours(FIRST, 60)
TIERS = st.sampled_from(
    ["15 minutes", "2 hours", "24 hours", "5 daytime hours", "3 working hours", "3 working days",
     "7 working days", "13 working days"]
).map(measure)  # fmt: skip
PAUSES = st.lists(st.tuples(TIMES, TIMES), max_size=4)


def due(start: str, tier: str, *pauses: tuple[str, str], to: str = "") -> Deadline:
    granted = [Extension(at(start), at(to))] if to else []
    return deadline(at(start), measure(tier), TIME, [(at(a), at(b)) for a, b in pauses], granted)


def test_seven_working_days_leave_out_the_first_and_go_over_the_national_day():
    found = due("2026-09-23 10:00", "7 working days")
    # 24, 28, 29, 30 September; 8, 9 October; Saturday the 10th makes up. 25 September is a feast.
    assert found.due_at == at("2026-10-10 17:30")
    told = [(step.day.day, step.kind) for step in found.steps if step.counted]
    assert [day for day, _ in told] == [24, 28, 29, 30, 8, 9, 10]
    assert told[-1][1] is DayKind.MAKE_UP
    assert not found.provisional


def test_a_ticket_of_the_evening_or_of_a_free_day_has_the_same_end():
    assert due("2026-09-23 23:59", "3 working days").due_at == at("2026-09-29 17:30")
    assert due("2026-10-03 09:00", "3 working days").due_at == at("2026-10-10 17:30")


def test_hours_run_round_the_clock_by_day_or_with_the_office():
    assert due("2026-09-14 21:30", "24 hours").due_at == at("2026-09-15 21:30")
    assert due("2026-09-14 21:30", "2 daytime hours").due_at == at("2026-09-15 08:30")
    assert due("2026-09-14 11:30", "2 working hours").due_at == at("2026-09-14 16:00")
    assert due("2026-09-18 17:00", "2 working hours").due_at == at("2026-09-20 09:30")


def test_time_that_waits_for_the_citizen_is_added_at_the_end():
    # Four office hours of Thursday; Friday is a feast.
    found = due("2026-09-23 10:00", "3 working days", ("2026-09-24 11:00", "2026-09-25 11:00"))
    assert found.due_at == at("2026-09-30 12:00")
    assert found.steps[1].paused == timedelta(hours=4)


def test_a_night_and_a_feast_take_nothing_off_and_give_nothing_back():
    plain = due("2026-09-23 10:00", "3 working days")
    paused = due("2026-09-23 10:00", "3 working days", ("2026-09-24 18:00", "2026-09-28 08:00"))
    assert paused.due_at == plain.due_at


def test_an_extension_is_the_end_itself_even_on_a_sunday():
    found = due("2026-09-14 10:00", "3 working days", to="2026-09-27 09:00")
    assert (found.due_at, found.extended_to) == (at("2026-09-27 09:00"), at("2026-09-27 09:00"))


def test_an_extension_never_shortens():
    plain = due("2026-09-14 10:00", "3 working days")
    assert due("2026-09-14 10:00", "3 working days", to="2026-09-15 09:00") == plain


def test_waiting_after_an_extension_moves_the_extended_end():
    found = due(
        "2026-09-14 10:00", "3 working days", ("2026-09-21 08:00", "2026-09-21 10:00"),
        to="2026-09-23 17:30",
    )  # fmt: skip
    assert found.due_at == at("2026-09-24 10:00")


def test_into_a_year_that_is_not_published_it_is_provisional():
    far = due("2026-12-22 10:00", "13 working days")
    assert far.provisional
    assert [step.day.month for step in far.steps if not step.settled][-1] == 1
    assert not due("2026-12-14 10:00", "3 working days").provisional
    assert not due("2026-12-30 10:00", "24 hours").provisional


def test_an_end_given_by_hand_takes_the_tiers_place_and_is_moved_by_waiting():
    given_end = at("2026-09-18 12:00")
    found = deadline(FIRST, measure("7 working days"), TIME, set_to=given_end)
    assert (found.due_at, found.provisional) == (given_end, False)
    pause = [(at("2026-09-17 10:00"), at("2026-09-17 12:00"))]
    moved = deadline(FIRST, measure("7 working days"), TIME, pause, set_to=given_end)
    assert moved.due_at == at("2026-09-18 16:30")


@given(TIMES, TIERS, PAUSES, st.lists(st.tuples(TIMES, LATER), max_size=2))
def test_it_is_never_before_the_start_and_its_steps_add_up(start, tier, pauses, grants):
    extensions = [Extension(*each) for each in sorted(grants)]
    found = deadline(start, tier, TIME, pauses, extensions)
    assert found.due_at > start
    assert sum((step.counted for step in found.steps), timedelta()) == found.total
    assert found.steps[-1].left == timedelta()
    days = [step.day for step in found.steps]
    assert days == [days[0] + timedelta(days=n) for n in range(len(days))]


@given(TIMES, TIMES, TIERS, PAUSES)
def test_a_later_start_is_never_due_earlier(one, other, tier, pauses):
    first, second = sorted((one, other))
    early, late = (deadline(start, tier, TIME, pauses).due_at for start in (first, second))
    assert early <= late


@given(TIMES, TIERS, st.integers(0, 200), st.integers(1, 200))
def test_stopping_the_clock_moves_the_end_by_the_time_that_would_have_counted(
    start, tier, after, length
):
    plain = deadline(start, tier, TIME).due_at
    pause = (
        start + after * timedelta(minutes=30),
        start + (after + length) * timedelta(minutes=30),
    )
    begin = midnight_after(start) if tier.unit == "day" else start
    shorter = (max(pause[0], begin), min(pause[1], plain))
    moved = deadline(start, tier, TIME, [pause]).due_at
    stood = TIME.open_time(tier.clock, *shorter) if shorter[0] < shorter[1] else timedelta()
    added = TIME.open_time(tier.clock, plain, moved, merged([pause]))
    assert added == stood


@given(TIMES, TIERS, PAUSES, PAUSES)
def test_more_waiting_never_brings_the_end_nearer(start, tier, pauses, more):
    few = deadline(start, tier, TIME, pauses)
    assert deadline(start, tier, TIME, [*pauses, *more]).due_at >= few.due_at


def test_the_course_of_a_ticket_has_its_pauses_and_what_was_granted():
    told = course(
        [
            Happening(at("2026-09-14 09:00"), State.DISPATCHED),
            Happening(at("2026-09-14 10:00"), State.WAITING),
            Happening(at("2026-09-14 11:00"), State.WAITING),  # an edit while it waits
            Happening(at("2026-09-14 12:00"), State.IN_PROGRESS),
            Happening(at("2026-09-15 12:00"), State.IN_PROGRESS, at("2026-09-20 12:00")),
            Happening(at("2026-09-16 12:00"), State.WAITING),
        ],
        now=at("2026-09-16 13:00"),
    )
    assert told.pauses == (
        (at("2026-09-14 10:00"), at("2026-09-14 12:00")),
        (at("2026-09-16 12:00"), at("2026-09-16 13:00")),
    )
    assert told.extensions == (Extension(at("2026-09-15 12:00"), at("2026-09-20 12:00")),)
    assert told.waiting_since == at("2026-09-16 12:00")
