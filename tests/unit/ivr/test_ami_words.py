import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ivr.ami import Pace
from ivr.ami_errors import AmiValueRefused
from ivr.ami_words import MAX_LINE, MAX_LINES, Fields, Value, checked_event_names, checked_fields

TEXT = st.text(max_size=40) | st.sampled_from(["民生热线", "a\r\nAction: x", "a\n", "\r", "\0"])
VALUES: st.SearchStrategy[Value] = st.one_of(TEXT, st.lists(TEXT, max_size=4))


@given(st.dictionaries(TEXT, VALUES, max_size=4))
def test_what_is_let_through_can_be_no_other_line(fields: dict[str, Value]) -> None:
    try:
        known = checked_fields("Originate", fields)
    except AmiValueRefused:
        return
    for name, value in known.items():
        for line in value if isinstance(value, list) else [value]:
            assert not re.search(r"[\r\n\0]", f"{name}: {line}")
            assert len(f"{name}: {line}".encode()) <= MAX_LINE


def test_text_numbers_and_lists_are_let_through_as_they_are():
    fields: dict[str, Value] = {"Exten": "民生热线", "Priority": 1, "Variable": ("A=1", "B=a: b")}
    assert checked_fields("Originate", fields) == {
        "Action": "Originate",
        "Exten": "民生热线",
        "Priority": "1",
        "Variable": ["A=1", "B=a: b"],
    }


@pytest.mark.parametrize(
    "fields",
    [
        {"Variable": ["a"] * MAX_LINES},
        {"Channel": "a", "CHANNEL": "b"},
        {"Channel": None},
        {"Channel": [1]},
        {"Channel": "民" * 400},
        {"": "a"},
    ],
)
def test_what_asterisk_would_cut_or_take_twice_is_refused(fields):
    with pytest.raises(AmiValueRefused):
        checked_fields("Originate", fields)


def test_event_names_are_names():
    assert checked_event_names(["Hangup", "Hangup"]) == {"Hangup"}


def test_of_a_field_given_twice_the_first_counts():
    fields = Fields([("Queue", ["police", "forged"]), ("QUEUE", "forged too"), ("Wait", "x")])
    assert (fields["queue"], fields.text("none"), fields.number("Wait")) == ("police", "", 0)
    assert dict(fields) == {"queue": "police", "wait": "x"}


def test_a_half_open_line_is_left_within_fifteen_seconds_and_a_wait_is_bounded():
    pace = Pace()
    assert pace.ping_every + pace.ping + pace.again < 15
    waits = [pace.pause(failed) for failed in range(2000)]
    assert max(waits) <= pace.again_most
    assert min(waits) >= pace.again / 2
    assert waits[0] <= pace.again
    assert len(set(waits[10:])) > 1000
