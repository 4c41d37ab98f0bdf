"""When the switch's own channels were gone, beside our word for it.

Only spans are compared, each by one clock: the two clocks may differ.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from db.models import CallRow
from db.upserts import chunks
from reports.percentiles import Percentiles, percentiles
from reports.switch_list import SwitchLeg

# The way of an INVITE and of a BYE, and once the BYE again.
APART = timedelta(seconds=2)


@dataclass(frozen=True, slots=True)
class Leg:
    """What the audit reads of one of our trunk legs."""

    node: str
    uniqueid: str
    call_id: str | None
    sip_call_id: str | None
    started_at: datetime | None
    ended_at: datetime | None
    end_reason: str | None

    @property
    def name(self) -> str:
        return f"{self.node} {self.uniqueid}"


@dataclass(frozen=True, slots=True)
class Ends:
    """compared: legs whose start and end both sides know. apart: those that one side held longer
    than the other, each with its explanation.

    From the key to the trunk channel gone, of each call's first release. trunk_free_ms: as our
    Asterisk saw it. switch_trunk_free_ms: as the switch's list has it, the INVITE's way included.
    """

    compared: int
    apart: tuple[tuple[str, str], ...]
    trunk_free_ms: Percentiles
    switch_trunk_free_ms: Percentiles

    def as_dict(self) -> dict[str, int | None]:
        ours, switch = self.trunk_free_ms, self.switch_trunk_free_ms
        return {
            "ends_compared": self.compared,
            "apart": len(self.apart),
            "trunk_free_p50_ms": ours.p50,
            "trunk_free_p99_ms": ours.p99,
            "switch_trunk_free_p50_ms": switch.p50,
            "switch_trunk_free_p99_ms": switch.p99,
        }


def compare_ends(session: Session, listed: Sequence[SwitchLeg], legs: Sequence[Leg]) -> Ends:
    """A leg of a lost node has no end of its own to compare."""
    switch = {leg.sip_call_id: held for leg in listed if (held := _held(leg)) is not None}
    ended = [leg for leg in legs if leg.end_reason == "ended" and leg.sip_call_id in switch]
    both = [
        (leg.name, ours, switch[leg.sip_call_id or ""])
        for leg in ended
        if (ours := _held(leg)) is not None
    ]
    far = tuple((name, _told(ours, its)) for name, ours, its in both if abs(ours - its) > APART)
    return Ends(len(both), far, *_receipts(session, legs, switch))


def _held(leg: SwitchLeg | Leg) -> timedelta | None:
    if leg.started_at is None or leg.ended_at is None:
        return None
    return leg.ended_at - leg.started_at


def _told(ours: timedelta, switch: timedelta) -> str:
    apart_s = abs(ours - switch).total_seconds()
    if ours > switch:
        return f"our channel stayed {apart_s:.1f} s longer than the switch's"
    return f"the switch held its channel {apart_s:.1f} s longer than we did"


def _receipts(
    session: Session, legs: Sequence[Leg], switch: Mapping[str, timedelta]
) -> tuple[Percentiles, Percentiles]:
    """A call's first leg is the one that was released first."""
    ours: list[int] = []
    its: list[int] = []
    first = {leg.call_id: leg for leg in reversed(legs) if leg.call_id and leg.started_at}
    row = CallRow
    for part in chunks(set(first)):
        query = select(row.call_id, row.released_at, row.release_ms, row.trunk_free_ms)
        for call_id, released_at, release_ms, free_ms in session.execute(
            query.where(row.call_id.in_(part))
        ):
            leg = first[call_id]
            if free_ms is not None:
                ours.append(free_ms)
            held = switch.get(leg.sip_call_id or "")
            if leg.started_at and released_at and release_ms is not None and held is not None:
                key_after = released_at - timedelta(milliseconds=release_ms) - leg.started_at
                its.append(round((held - key_after).total_seconds() * 1000))
    return percentiles(ours), percentiles(its)
