"""What the switch wrote down becomes attempts: who was blocked, how long a line was held."""

from reports.capacity.hour import Kind
from scripts.lab.feed import Event
from scripts.storm.seen import attempts_of

JUNK, LIVELIHOOD, POLICE = "11000000001", "13000000002", "14000000003"


def call(at: float, uniqueid: str, caller: str, lines: str = "1") -> Event:
    facts = {"caller": caller, "trunk": "l110", "lines": lines}
    return Event("SW_CALL", at, uniqueid, "callers-1", facts)


def end(at: float, uniqueid: str, caller: str, out: str) -> Event:
    return Event("SW_END", at, uniqueid, "callers-1", {"caller": caller, "out": out})


def trunk(at: float, leg: str, caller: str, sip: str, kind: str = "police") -> Event:
    return Event(
        "SW_TRUNK", at, "t", "l110-1", {"leg": leg, "caller": caller, "kind": kind, "sip": sip}
    )


def trunk_end(at: float, sip: str) -> Event:
    return Event("SW_TRUNK_END", at, "t", "l110-1", {"sip": sip})


def rings(at: float, caller: str, seat: str = "seat-8001") -> Event:
    return Event("SW_SEAT_RINGS", at, "s", "seat", {"seat": seat, "caller": caller})


def test_a_line_is_held_as_long_as_its_trunk_channel_lives() -> None:
    """By REFER the caller talks on with the desk; the line is free long before."""
    events = [
        call(100, "u1", LIVELIHOOD),
        trunk(100, "u1", LIVELIHOOD, "a"),
        trunk_end(104, "a"),
        trunk(104, "u1", LIVELIHOOD, "b", kind="livelihood"),
        end(250, "u1", LIVELIHOOD, "ANSWER"),
    ]
    (seen,) = attempts_of(events, None, 90, 300)
    assert (seen.kind, seen.line_s, seen.blocked, seen.at) == (Kind.LIVELIHOOD, 4, False, 10)
    assert seen.seat_after_s is None


def test_a_slot_is_what_counts_where_the_channel_stays() -> None:
    events = [call(100, "u1", JUNK), trunk(100, "u1", JUNK, "a"), end(250, "u1", JUNK, "ANSWER")]
    (seen,) = attempts_of(events, {"a": 5.5}, 90, 300)
    assert seen.line_s == 5.5


def test_where_the_switch_rings_the_seats_itself_the_call_holds_the_line_to_its_end() -> None:
    events = [
        call(100, "u1", POLICE),
        rings(100.2, POLICE),
        end(160, "u1", POLICE, "direct-ANSWER"),
    ]
    (seen,) = attempts_of(events, None, 90, 300)
    assert (seen.line_s, round(seen.seat_after_s or 0, 3)) == (60, 0.2)


def test_who_calls_again_waits_from_his_first_attempt_on() -> None:
    events = [
        call(100, "u1", POLICE),
        end(100, "u1", POLICE, "blocked"),
        call(110, "u2", POLICE),
        rings(110.5, POLICE),
        end(150, "u2", POLICE, "direct-ANSWER"),
    ]
    first, second = attempts_of(events, None, 90, 300)
    assert (first.blocked, first.gave_up, first.line_s, first.seat_after_s) == (
        True,
        False,
        0,
        None,
    )
    assert (second.tries, second.seat_after_s) == (1, 10.5)


def test_who_is_blocked_and_calls_no_more_gave_up() -> None:
    events = [call(100, "u1", POLICE), end(100, "u1", POLICE, "blocked")]
    assert attempts_of(events, None, 90, 300)[0].gave_up


def test_a_call_that_goes_on_counts_as_far_as_it_got() -> None:
    events = [call(100, "u1", JUNK), trunk(100, "u1", JUNK, "a")]
    assert attempts_of(events, None, 90, 300)[0].line_s == 200


def test_a_ring_of_the_desk_is_none_of_the_police() -> None:
    events = [
        call(100, "u1", LIVELIHOOD),
        rings(105, LIVELIHOOD, "seat-7001"),
        end(150, "u1", LIVELIHOOD, "ANSWER"),
    ]
    assert attempts_of(events, None, 90, 300)[0].seat_after_s is None
