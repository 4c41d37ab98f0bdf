"""The judge of the promise: what it lets pass, what it does not, and what it does not judge."""

import pytest

from scripts.lab.feed import Event
from scripts.lab.promise import EverySeatBusy, PoliceTooLate, police_rang_s
from scripts.lab.witness import Rang, Witness

SEATS = ("8001", "8002")
DIALLED = 1000.0


def seen(*rang: tuple[str, float], talked: str = "8001") -> Witness:
    return Witness(
        caller="13800000001",
        dialled_at=DIALLED,
        sip_call_id="a",
        answered_at=DIALLED,
        rang=tuple(Rang(seat, at, "bridge", "", "", "") for seat, at in rang),
        talked=tuple((seat, DIALLED + 90) for seat in talked.split()),
        trunk_free_at=None,
        ended_at=None,
        out=None,
    )


def held(seat: str, since: float, until: float | None, leg: str = "u") -> list[Event]:
    facts = {"seat": f"seat-{seat}", "caller": "13900000009"}
    events = [Event("SW_SEAT_RINGS", since, f"{leg}{seat}", "seat", facts)]
    if until is not None:
        events.append(Event("SW_SEAT_END", until, f"{leg}{seat}", "seat", facts))
    return events


def test_the_clock_starts_at_the_dialling_of_who_came_after_the_fault() -> None:
    assert police_rang_s(seen(("8001", 1002.5)), [], SEATS, struck_at=900) == 2.5


def test_the_clock_starts_at_the_fault_for_who_was_there_before_it() -> None:
    assert police_rang_s(seen(("8001", 1006)), [], SEATS, struck_at=1004, menu_s=7) == 2


@pytest.mark.parametrize(
    ("one", "struck_at", "menu_s"),
    [
        pytest.param(seen(("8001", 1003.1)), None, 0, id="late"),
        pytest.param(seen(("8001", 1014.1)), 1004, 7, id="later than the menu and three seconds"),
        pytest.param(seen(talked=""), None, 0, id="nobody rang"),
        pytest.param(seen(("8001", 1001), talked=""), None, 0, id="it rang and nobody was there"),
        pytest.param(seen(("7001", 1001), talked="7001"), None, 0, id="the other side rang"),
        pytest.param(seen(("8001", 1001)), 1004, 0, id="it rang before the fault only"),
        pytest.param(seen(("8001", 1001), talked="8001 7001"), None, 0, id="and taken away later"),
    ],
)
def test_what_breaks_the_promise(one: Witness, struck_at: float | None, menu_s: float) -> None:
    with pytest.raises(PoliceTooLate):
        police_rang_s(one, held("8001", 990, None), SEATS, struck_at=struck_at, menu_s=menu_s)


def test_a_run_in_which_every_seat_was_busy_is_told_apart() -> None:
    events = held("8001", 990, None) + held("8002", 990, 1001) + held("8002", 1001, 1020, "v")
    with pytest.raises(EverySeatBusy):
        police_rang_s(seen(), events, SEATS)


@pytest.mark.parametrize(
    "events",
    [
        pytest.param(held("8001", 990, None), id="one never rang"),
        pytest.param(held("8001", 990, None) + held("8002", 990, 1001), id="one became free"),
        pytest.param(
            held("8001", 990, None) + held("8002", 1002, None), id="one was free at first"
        ),
    ],
)
def test_a_seat_that_was_free_for_a_moment_is_no_excuse(events: list[Event]) -> None:
    with pytest.raises(PoliceTooLate):
        police_rang_s(seen(), events, SEATS)
