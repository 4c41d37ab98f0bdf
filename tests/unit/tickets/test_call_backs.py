"""When a citizen is called back, how often, and what his answer means."""

from datetime import UTC, datetime, time, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tickets.call_backs import (
    EARLIEST,
    LATEST,
    USUAL_PAUSES,
    Citizen,
    Hours,
    HoursBad,
    Ladder,
    NaiveMoment,
    Next,
    Outcome,
    Said,
    Token,
    Way,
    decide,
    hours_from,
    said_by,
    token_from,
    way_to,
    whole_ms,
)
from tickets.model import Exempt
from tickets.numbers import SHANGHAI

USUAL = hours_from(["09:00-12:00", "14:30-20:00"])
LADDER = Ladder()
MOMENTS = st.datetimes(datetime(2020, 1, 1), datetime(2035, 1, 1), timezones=st.just(UTC))
UNANSWERED = [Outcome.NO_KEY, Outcome.BUSY, Outcome.NO_ANSWER, Outcome.HUNG_UP]


@st.composite
def some_hours(draw: st.DrawFn) -> Hours:
    first, last = EARLIEST.hour * 60, LATEST.hour * 60
    minutes = draw(st.lists(st.integers(first, last), min_size=2, max_size=8, unique=True))
    edges = [time(m // 60, m % 60) for m in sorted(minutes)[: len(minutes) // 2 * 2]]
    return Hours(tuple(zip(edges[::2], edges[1::2], strict=True)))


def at(clock: str, day: int = 23) -> datetime:
    hour, minute = clock.split(":")
    return datetime(2026, 11, day, int(hour), int(minute), tzinfo=SHANGHAI)


@given(some_hours(), MOMENTS)
def test_the_next_allowed_moment_is_allowed_and_the_first(hours: Hours, moment: datetime) -> None:
    following = hours.next_allowed(moment)
    assert hours.allowed(following)
    assert following >= moment
    assert (following == moment) == hours.allowed(moment)
    between = moment + (following - moment) * 0.999
    assert following == moment or not hours.allowed(between)


@given(some_hours(), MOMENTS)
def test_nobody_is_rung_at_night(hours: Hours, moment: datetime) -> None:
    clock = hours.next_allowed(moment).astimezone(SHANGHAI).time()
    assert EARLIEST <= clock < LATEST


@pytest.mark.parametrize(
    ("now", "opens"),
    [
        (at("08:00"), at("09:00")),
        (at("11:59"), at("11:59")),
        (at("12:00"), at("14:30")),
        (at("20:00"), at("09:00", 24)),
        (at("23:30"), at("09:00", 24)),
    ],
)
def test_the_usual_hours(now: datetime, opens: datetime) -> None:
    assert USUAL.next_allowed(now) == opens


@pytest.mark.parametrize(
    ("texts", "problem"),
    [
        ([], "nobody would ever"),
        (["09-12"], "no span"),
        (["24:00-25:00"], "no span"),
        (["12:00-09:00"], "ends before"),
        (["09:00-12:00", "11:00-13:00"], "overlap"),
        (["14:00-15:00", "09:00-12:00"], "in order"),
        (["05:00-09:00"], "07:00"),
        (["21:00-23:00"], "22:00"),
    ],
)
def test_hours_that_are_none_are_refused_with_their_reason(texts: list[str], problem: str) -> None:
    with pytest.raises(HoursBad, match=problem):
        hours_from(texts)


def test_a_time_without_a_zone_is_refused() -> None:
    with pytest.raises(NaiveMoment):
        USUAL.allowed(datetime(2026, 11, 23, 10))


@pytest.mark.parametrize("solved", [True, False])
@pytest.mark.parametrize("satisfied", [None, 1, 2, 3, 4, 5])
def test_only_solved_and_not_dissatisfied_closes(solved: bool, satisfied: int | None) -> None:
    said = Said(Outcome.ANSWERED, solved, satisfied)
    found = decide(said, ["answered"], at("10:00"), LADDER, USUAL)
    closes = solved and satisfied not in (1, 2)
    assert found.next is (Next.CLOSE if closes else Next.REOPEN)
    assert found.because


@given(st.lists(st.sampled_from(list(Outcome)), min_size=1, max_size=12), MOMENTS)
def test_an_attempt_without_an_answer_is_tried_again_or_left_to_a_person(
    outcomes: list[Outcome], now: datetime
) -> None:
    said = Said(outcomes[-1])
    found = decide(said, outcomes, now, LADDER, USUAL)
    failed = outcomes.count(Outcome.FAILED)
    over = len(outcomes) - failed >= LADDER.attempts or failed >= LADDER.failures
    assert found.next is (Next.PERSON if over else Next.AGAIN)
    if found.due_at:
        assert USUAL.allowed(found.due_at)
        assert found.due_at >= now + USUAL_PAUSES.get(said.outcome, timedelta(hours=1))


@given(st.sampled_from(UNANSWERED), st.sampled_from(UNANSWERED), st.sampled_from(UNANSWERED))
def test_three_attempts_then_a_person(first: Outcome, second: Outcome, third: Outcome) -> None:
    told = [first, second, third]
    found = [decide(Said(o), told[: n + 1], at("10:00"), LADDER, USUAL) for n, o in enumerate(told)]
    assert [one.next for one in found] == [Next.AGAIN, Next.AGAIN, Next.PERSON]


def citizen(
    number: str | None = "13800000001",
    source: str = "call",
    kind: str | None = None,
    withheld: bool = False,
    exempt: str | None = None,
) -> Citizen:
    return Citizen(source, number, kind, withheld, exempt)


@pytest.mark.parametrize(
    ("who", "way", "because"),
    [
        (citizen(), Way.CALL, ""),
        (citizen("+8613800000001", "web"), Way.CALL, ""),
        (citizen(withheld=True), Way.EXEMPT, "withheld-number"),
        (citizen("unknown"), Way.EXEMPT, "withheld-number"),
        (citizen(None), Way.EXEMPT, "withheld-number"),
        (citizen(kind="withheld"), Way.EXEMPT, "withheld-number"),
        (citizen(exempt="answered-in-call"), Way.EXEMPT, "answered-in-call"),
        (citizen(None, "counter"), Way.PERSON, "no number"),
        (citizen(kind="shared"), Way.PERSON, "shared"),
        (citizen("110"), Way.PERSON, "not a number"),
        (citizen("1000"), Way.PERSON, "not a number"),
        (citizen("138;rm", "web"), Way.PERSON, "not a number"),
    ],
)
def test_who_is_called_who_is_exempt_and_who_needs_a_person(
    who: Citizen, way: Way, because: str
) -> None:
    found, why = way_to(who)
    assert found is way
    assert because in why


@given(st.builds(citizen, st.text(max_size=25), st.sampled_from(["call", "web"])))
def test_only_digits_are_ever_dialled(who: Citizen) -> None:
    way, _ = way_to(who)
    assert way is not Way.CALL or set(str(who.number)) <= set("+0123456789")


def test_an_exemption_is_always_one_of_those_with_a_name() -> None:
    for who in (citizen(withheld=True), citizen(exempt="joined"), citizen(exempt="withdrawn")):
        assert way_to(who)[1] in set(Exempt)
    assert way_to(citizen(exempt="because I say so"))[0] is Way.CALL


@pytest.mark.parametrize(
    ("facts", "said"),
    [
        ({"out": "answered", "solved": "1", "satisfied": "5"}, Said(Outcome.ANSWERED, True, 5)),
        ({"out": "answered", "solved": "2", "satisfied": ""}, Said(Outcome.ANSWERED, False, None)),
        ({"out": "answered", "solved": "1", "satisfied": "6"}, Said(Outcome.ANSWERED, True, None)),
        ({"out": "hung-up", "solved": ""}, Said(Outcome.HUNG_UP)),
        ({"out": "no-key"}, Said(Outcome.NO_KEY)),
        ({"out": "BUSY", "cause": "17"}, Said(Outcome.BUSY)),
        ({"out": "CHANUNAVAIL", "cause": "21"}, Said(Outcome.BUSY)),
        ({"out": "NOANSWER", "cause": "0"}, Said(Outcome.NO_ANSWER)),
        ({"out": "CONGESTION", "cause": "1"}, Said(Outcome.NO_ANSWER)),
        ({"out": "CHANUNAVAIL", "cause": "20"}, Said(Outcome.NO_ANSWER)),
        ({"out": "CONGESTION", "cause": "34"}, Said(Outcome.FAILED)),
        ({"out": "LATER", "cause": "42"}, Said(Outcome.FAILED)),
        ({"out": "REFUSED", "cause": "21"}, Said(Outcome.FAILED)),
        ({}, Said(Outcome.FAILED)),
    ],
)
def test_what_the_dialplan_tells_is_read(facts: dict[str, str], said: Said) -> None:
    assert said_by(facts) == said


@given(st.dictionaries(st.sampled_from(["out", "cause", "solved", "satisfied"]), st.text()))
def test_whatever_the_dialplan_tells_has_an_outcome(facts: dict[str, str]) -> None:
    said = said_by(facts)
    assert said.satisfied in (None, 1, 2, 3, 4, 5)
    assert (said.said_solved is not None) == (said.outcome is Outcome.ANSWERED)


@given(st.integers(1, 10**9), st.integers(1, 1000), MOMENTS)
def test_an_attempts_name_tells_which_one_it_is(ticket_id: int, n: int, moment: datetime) -> None:
    token = Token(ticket_id, n, whole_ms(moment))
    assert token_from(str(token)) == token


@given(st.one_of(st.text(), st.none(), st.integers()))
def test_what_is_no_name_is_none(text: object) -> None:
    found = token_from(text)
    assert found is None or isinstance(text, str)


def test_a_name_beyond_all_calendars_is_none() -> None:
    assert token_from("1-1-999999999999999999") is None
