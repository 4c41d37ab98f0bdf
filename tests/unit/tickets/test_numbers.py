from datetime import UTC, date, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tickets.numbers import (
    NaiveTime,
    TicketNumberOutOfRange,
    provisional_number,
    shanghai_day,
    ticket_number,
)

call_ids = st.from_regex(
    r"\A20[2-9][0-9](0[1-9]|1[0-2])([01][1-9]|2[0-8])T([01][0-9]|2[0-3])([0-5][0-9]){2}Z"
    r"-[a-z0-9]{1,4}-[0-9]{1,6}-[0-9a-f]{8}\Z"
)


def test_a_provisional_number_is_short_and_names_node_and_sequence() -> None:
    assert provisional_number("20261123T202606Z-n1-3-73a635ca") == "P-n1-3-6FHG2Y-1STCDEA"


@given(st.lists(call_ids | st.text(), unique=True, max_size=6))
def test_two_calls_never_share_a_provisional_number(ids: list[str]) -> None:
    assert len({provisional_number(call_id) for call_id in ids}) == len(ids)


@pytest.mark.parametrize("call_id", ["", "x", "20269923T202606Z-n1-3-73a635ca", "\ud800"])
def test_a_call_with_an_odd_id_still_gets_a_number(call_id: str) -> None:
    number = provisional_number(call_id)
    assert number.isascii()
    assert len(number) == 18


def test_a_ticket_number_is_its_day_and_six_digits() -> None:
    assert ticket_number(date(2026, 11, 23), 42) == "20261123-000042"
    assert ticket_number(date(2026, 11, 23), 999_999) == "20261123-999999"


@pytest.mark.parametrize("n", [0, -1, 1_000_000])
def test_a_day_has_no_more_numbers_than_six_digits_hold(n: int) -> None:
    with pytest.raises(TicketNumberOutOfRange, match="2026-11-23"):
        ticket_number(date(2026, 11, 23), n)


@pytest.mark.parametrize(
    ("at", "day"),
    [
        (datetime(2026, 11, 23, 15, 59, 59, tzinfo=UTC), date(2026, 11, 23)),
        (datetime(2026, 11, 23, 16, 0, tzinfo=UTC), date(2026, 11, 24)),
    ],
)
def test_the_day_of_a_ticket_turns_at_midnight_in_shanghai(at: datetime, day: date) -> None:
    assert shanghai_day(at) == day


def test_a_time_without_a_zone_has_no_day() -> None:
    with pytest.raises(NaiveTime):
        shanghai_day(datetime(2026, 11, 23))
