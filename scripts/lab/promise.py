"""The promise that every fault is held to: the police ring in time, counted from the fault."""

from collections.abc import Iterable, Sequence

from scripts.lab.feed import Event
from scripts.lab.witness import Witness

POLICE_WITHIN_S = 3.0


class PoliceTooLate(AssertionError):
    """No police seat rang in time, though one was free."""


class EverySeatBusy(AssertionError):
    """No police seat was free in that time: such a run says nothing about the promise."""


def police_rang_s(
    seen: Witness,
    events: Iterable[Event],
    seats: Sequence[str],
    *,
    struck_at: float | None = None,
    menu_s: float = 0.0,
) -> float:
    """Seconds from the fault until a police seat rang for this caller, who talked to no other side.

    struck_at: when the fault struck, in epoch seconds; who dialled later counts from his dialling.
    menu_s: the menu's length where a prompt had begun before the fault, else 0.
    events: all that the switch saw. seats: numbers of the police seats that it knows.

    Raises:
        EverySeatBusy: none of `seats` was free at any moment until the time was up.
        PoliceTooLate: none rang in time, or he talked to somebody else.
    """
    since = max(seen.dialled_at, struck_at or 0.0)
    until = since + POLICE_WITHIN_S + menu_s
    rang = [one for one in seen.rang if one.seat in seats and one.at >= since]
    served = bool(seen.talked_to) and set(seen.talked_to) <= set(seats)
    if served and rang and rang[0].at < until:
        return rang[0].at - since
    told = list(events)
    if not rang and seats and all(_busy(told, seat, since, until) for seat in seats):
        raise EverySeatBusy(f"{seen.caller}: {len(seats)} police seats, all busy")
    after = f"after {rang[0].at - since:.1f} s" if rang else "not at all"
    raise PoliceTooLate(
        f"{seen.caller}: the police rang {after}, in {until - since:.1f} s it should have;"
        f" he talked to {seen.talked_to or 'nobody'}"
    )


def _busy(events: Iterable[Event], seat: str, since: float, until: float) -> bool:
    """Whether other calls held this seat from `since` to `until` without a gap."""
    mine = [event for event in events if event.facts.get("seat") == f"seat-{seat}"]
    ends = {event.uniqueid: event.at for event in mine if event.name == "SW_SEAT_END"}
    held = [
        (event.at, ends.get(event.uniqueid, until))
        for event in mine
        if event.name == "SW_SEAT_RINGS"
    ]
    for start, end in sorted(held):
        if start > since:
            return False
        since = max(since, end)
        if since >= until:
            return True
    return False
