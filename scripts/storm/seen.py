"""The attempts of one switch, read from what the switch wrote down (and slots from the store)."""

from collections.abc import Mapping, Sequence
from dataclasses import replace

from sqlalchemy import Engine, select

from db.engine import reading
from db.models import CallLegRow, CallRow
from reports.capacity.hour import Kind
from scripts.lab.feed import Event
from scripts.storm.simulation import Attempt

KINDS = {"1": Kind.JUNK, "2": Kind.ONE, "3": Kind.LIVELIHOOD, "4": Kind.POLICE}  # second digit


def attempts_of(
    events: Sequence[Event], slots_s: Mapping[str, float] | None, began: float, ended: float
) -> list[Attempt]:
    """Every call to 110, in order; times since `began` (epoch seconds of the switch's clock).

    slots_s: how long a slot of the node was held, by SIP Call-ID; None: a line of this switch's own
    is what counts. A call that still goes on at `ended` is counted as far as it got.
    """
    ends = {e.uniqueid: e for e in events if e.name == "SW_END"}
    trunks = {e.facts["leg"]: e for e in events if e.name == "SW_TRUNK" and _police(e)}
    free = {e.facts["sip"]: e.at for e in events if e.name == "SW_TRUNK_END"}
    rings: dict[str, list[float]] = {}
    for event in events:
        if event.name == "SW_SEAT_RINGS" and event.facts["seat"].startswith("seat-8"):
            rings.setdefault(event.facts["caller"], []).append(event.at)
    made: dict[str, int] = {}
    first: dict[str, float] = {}
    found, numbers = [], []
    for call in (e for e in events if e.name == "SW_CALL" and e.facts["trunk"] == "l110"):
        number = call.facts["caller"]
        kind = KINDS[number[1]]
        tries = made.get(number, 0)
        made[number] = 0 if kind is Kind.ONE else tries + 1
        since = call.at if kind is Kind.ONE else first.setdefault(number, call.at)
        end = ends.get(call.uniqueid)
        over = end.at if end else ended
        blocked = end is not None and end.facts["out"] == "blocked"
        trunk = trunks.get(call.uniqueid)
        line_s = over - call.at
        if trunk and _went_there(end):
            sip = trunk.facts["sip"]
            own = slots_s.get(sip) if slots_s is not None else None
            line_s = own if own is not None else free.get(sip, ended) - trunk.at
        rang = [at for at in rings.get(number, ()) if call.at <= at <= over]
        numbers.append(number)
        found.append(
            Attempt(
                at=call.at - began,
                kind=kind,
                tries=tries,
                blocked=blocked,
                gave_up=False,
                line_s=0.0 if blocked else line_s,
                seat_after_s=rang[0] - since if rang else None,
            )
        )
    return _told_who_gave_up(found, numbers)


def _told_who_gave_up(attempts: Sequence[Attempt], numbers: Sequence[str]) -> list[Attempt]:
    """Who was blocked and did not call again."""
    last = {number: place for place, number in enumerate(numbers)}
    return [
        replace(attempt, gave_up=attempt.blocked and last[number] == place)
        for place, (attempt, number) in enumerate(zip(attempts, numbers, strict=True))
    ]


def _police(trunk: Event) -> bool:
    return trunk.facts["kind"] == "police"


def _went_there(end: Event | None) -> bool:
    """Not where the switch rang the seats by itself."""
    return end is None or not end.facts["out"].startswith("direct")


def slots_held_s(engine: Engine) -> dict[str, float]:
    """Of each first leg: from its INVITE until its slot was free, by SIP Call-ID."""
    query = select(CallLegRow.sip_call_id, CallRow.slot_held_ms).join(
        CallRow, CallRow.call_id == CallLegRow.call_id
    )
    with reading(engine) as session:
        rows = session.execute(query).all()
    return {sip: ms / 1000 for sip, ms in rows if sip and ms is not None}
