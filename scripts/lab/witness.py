"""What one caller lived through, as the switch saw it: the judge of every test with real calls."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import groupby

from scripts.lab.feed import Event


@dataclass(frozen=True, slots=True)
class Rang:
    """A seat that rang for the caller. Times are epoch seconds of the switch's clock."""

    seat: str
    at: float
    via: str
    call_id: str
    place: str
    marks: str


@dataclass(frozen=True, slots=True)
class Witness:
    """One call of one number. None where it did not happen."""

    caller: str
    dialled_at: float
    sip_call_id: str | None
    answered_at: float | None
    rang: tuple[Rang, ...]
    talked: tuple[tuple[str, float], ...]
    trunk_free_at: float | None
    ended_at: float | None
    out: str | None

    @property
    def talked_to(self) -> tuple[str, ...]:
        """Seats that answered this caller, in order."""
        return tuple(seat for seat, _ in self.talked)

    @property
    def sides(self) -> str:
        """The sides that answered this caller: "8", "7", "87"."""
        return sides_of(self.talked_to)

    @property
    def first_ring_s(self) -> float | None:
        """Seconds from dialling until any seat rang."""
        return self.rang[0].at - self.dialled_at if self.rang else None


@dataclass(frozen=True, slots=True)
class TrunkLeg:
    """One INVITE of the switch to the node. kind: police or livelihood. free_at: it is gone.
    channel: its name at the switch."""

    sip_call_id: str
    caller: str
    kind: str
    at: float
    free_at: float | None
    channel: str


def sides_of(seats: Iterable[str]) -> str:
    """First digits of seats that answered, one for each change of side.

    A seat that hangs up before Asterisk has joined it to its caller makes him ring once more.
    """
    return "".join(side for side, _ in groupby(seat[0] for seat in seats))


def trunk_legs(events: Sequence[Event]) -> list[TrunkLeg]:
    """Every trunk leg that the switch made, in order."""
    ends = {e.facts["sip"]: e.at for e in events if e.name == "SW_TRUNK_END"}
    return [
        TrunkLeg(
            sip, e.facts["caller"], e.facts.get("kind", "police"), e.at, ends.get(sip), e.channel
        )
        for e in events
        if e.name == "SW_TRUNK" and (sip := e.facts["sip"])
    ]


def witness(events: Iterable[Event], caller: str) -> Witness:
    """The last call of `caller`. Raises LookupError if the switch never saw it."""
    mine = [event for event in events if event.facts.get("caller") == caller]
    starts = [place for place, event in enumerate(mine) if event.name == "SW_CALL"]
    if not starts:
        raise LookupError(f"the switch saw no call of {caller}")
    mine = mine[starts[-1] :]
    trunk, answer = _first(mine, "SW_TRUNK"), _first(mine, "SW_ANSWER")
    trunk_end, end = _first(mine, "SW_TRUNK_END"), _first(mine, "SW_END")
    return Witness(
        caller=caller,
        dialled_at=mine[0].at,
        sip_call_id=trunk.facts["sip"] if trunk else None,
        answered_at=answer.at if answer else None,
        rang=tuple(_rang(event) for event in mine if event.name == "SW_SEAT_RINGS"),
        talked=tuple((_seat(event), event.at) for event in mine if event.name == "SW_SEAT"),
        trunk_free_at=trunk_end.at if trunk_end else None,
        ended_at=end.at if end else None,
        out=end.facts["out"] if end else None,
    )


def _first(events: Iterable[Event], name: str) -> Event | None:
    return next((event for event in events if event.name == name), None)


def _seat(event: Event) -> str:
    return event.facts["seat"].removeprefix("seat-")


def _rang(event: Event) -> Rang:
    facts = event.facts
    told = (facts.get(name, "") for name in ("call", "place", "marks"))
    return Rang(_seat(event), event.at, facts["via"], *told)
