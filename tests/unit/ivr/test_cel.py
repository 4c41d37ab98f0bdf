"""Lines of Asterisk's feed become steps, and nothing else does."""

import json
from contextlib import suppress
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ivr.cel import CelLineBad, parse_line, second_half
from routing.steps import Step, StepKind

CALL = "20261123T202606Z-n1-3-73a635ca"


def a_line(
    event: str = "L110_START", facts: str = f"call={CALL}&caller=110", **other: str
) -> bytes:
    fields = {
        "eventtype": event,
        "eventtime": "1795465608.657361",
        "uniqueid": "n1-1795465608.1",
        "channame": "PJSIP/l110-trunk-00000001",
        "eventextra": json.dumps({"extra": facts}) if facts else "",
    }
    return json.dumps(fields | other).encode()


def test_an_event_of_ours_is_a_step() -> None:
    assert parse_line(a_line(), "n1") == Step(
        event_id="n1/n1-1795465608.1/L110_START/1795465608.657361",
        kind=StepKind.START,
        node="n1",
        leg="n1-1795465608.1",
        call_id=CALL,
        at=datetime(2026, 11, 23, 20, 26, 48, 657361, tzinfo=UTC),
        data={"channel": "PJSIP/l110-trunk-00000001", "call": CALL, "caller": "110"},
    )


def test_only_channels_of_the_trunk_start_and_end_a_leg() -> None:
    step = parse_line(a_line("CHAN_START", ""), "n1")
    assert step is not None
    assert (step.kind, step.call_id) == (StepKind.CHAN_START, None)
    assert parse_line(a_line("CHAN_START", "", channame="PJSIP/8101-00000002"), "n1") is None
    assert parse_line(a_line("CHAN_END", "", channame="Local/s@boot-1;1"), "n1") is None


def test_a_seat_speaks_of_the_callers_leg() -> None:
    facts = f"call={CALL}&leg=n1-1795465600.7&member=8101"
    step = parse_line(a_line("L110_SEAT", facts, channame="PJSIP/8101-00000002"), "n1")
    assert step is not None
    assert step.leg == "n1-1795465600.7"


def test_a_start_of_asterisk_belongs_to_no_leg() -> None:
    step = parse_line(a_line("L110_BOOT", "node=n1", channame="Local/s@boot-1;2"), "n1")
    assert step is not None
    assert (step.kind, step.leg) == (StepKind.BOOT, "")


def test_an_id_that_we_did_not_make_is_no_call() -> None:
    step = parse_line(a_line(facts="call=1' OR 1=1"), "n1")
    assert step is not None
    assert step.call_id is None


def test_unknown_events_are_no_concern_of_ours() -> None:
    assert parse_line(a_line("L110_U"), "n1") is None
    assert parse_line(a_line("ANSWER", ""), "n1") is None


@pytest.mark.parametrize(
    ("line", "problem"),
    [
        (b'{"eventtype":"L110_START","ev', "not JSON"),
        (b"[1]", "not an object"),
        (b"\xff\xfe", "not JSON"),
        (b"[" * 50_000, "not JSON"),
        (b'{"eventtype":5}', "eventtype is missing"),
        (a_line(eventtime="now"), "no time"),
        (a_line(uniqueid="a b"), "uniqueid"),
        (a_line(eventextra="x"), "eventextra is not JSON"),
    ],
)
def test_a_broken_line_says_what_is_broken(line: bytes, problem: str) -> None:
    with pytest.raises(CelLineBad, match=problem):
        parse_line(line, "n1")


def test_an_event_glued_to_a_stump_is_found() -> None:
    assert second_half(b'{"eventtype":"CHAN_ST' + a_line()) == a_line()
    assert second_half(a_line()) is None


@given(st.binary(max_size=300))
def test_any_bytes_are_a_step_or_a_refusal(line: bytes) -> None:
    with suppress(CelLineBad):
        parse_line(line, "n1")
