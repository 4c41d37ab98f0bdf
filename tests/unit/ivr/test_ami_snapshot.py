from datetime import UTC, datetime

import pytest

from ivr.ami_snapshot import SeatState, read_snapshot, seat_state
from ivr.ami_words import Fields

AT = datetime(2026, 11, 23, 8, tzinfo=UTC)


def items(*lines: dict[str, str]) -> list[Fields]:
    return [Fields(line.items()) for line in lines]


def test_a_snapshot_says_who_waits_where_and_what_each_seat_does():
    queues = items(
        {"Event": "QueueParams", "Queue": "police"},
        {
            "Event": "QueueMember",
            "Queue": "police",
            "Name": "seat-8001",
            "Location": "PJSIP/seat-8001",
            "Status": "6",
            "Paused": "1",
            "InCall": "0",
            "CallsTaken": "3",
        },
        {
            "Event": "QueueEntry",
            "Queue": "police",
            "Position": "1",
            "Channel": "PJSIP/l110-trunk-00000000",
            "Uniqueid": "n1-1.2",
            "CallerIDNum": "13800000001",
            "Wait": "11",
            "Priority": "30",
        },
        {"Event": "QueueParams", "Queue": "livelihood"},
    )
    police, livelihood = read_snapshot([], queues, AT).queues
    (seat,) = police.members
    assert (seat.name, seat.state, seat.paused, seat.talks) == (
        "seat-8001",
        SeatState.RINGING,
        True,
        3,
    )
    (caller,) = police.callers
    assert (caller.position, caller.caller, caller.waits_s, caller.priority) == (
        1,
        "13800000001",
        11,
        30,
    )
    assert (livelihood.name, livelihood.members, livelihood.callers) == ("livelihood", [], [])


def test_channels_tell_how_long_they_are_up_and_whose_number_is_unknown():
    shown = {"Event": "CoreShowChannel", "Channel": "PJSIP/l110-trunk-00000000"}
    known = {**shown, "CallerIDNum": "138", "Duration": "01:02:03", "Context": "l110-intake"}
    unknown = {**shown, "CallerIDNum": "<unknown>", "Duration": "soon"}
    channels = read_snapshot(items(known, unknown, {"Event": "Other"}), [], AT).channels
    assert [(c.caller, c.up_s, c.context) for c in channels] == [
        ("138", 3723, "l110-intake"),
        (None, 0, ""),
    ]


@pytest.mark.parametrize(
    ("number", "state"),
    [(0, "unknown"), (1, "free"), (2, "talking"), (5, "away"), (6, "ringing"), (8, "on-hold")],
)
def test_seat_states_are_asterisks_device_states(number, state):
    assert seat_state(number) is SeatState(state)


@pytest.mark.parametrize("number", [-1, 9, 10**12])
def test_a_state_that_we_do_not_know_is_unknown(number):
    assert seat_state(number) is SeatState.UNKNOWN
