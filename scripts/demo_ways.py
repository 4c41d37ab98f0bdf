"""How long a police line was held, by the way in which the call left it."""

from collections.abc import Iterable, Mapping, Sequence, Set
from dataclasses import asdict, dataclass

from rich.table import Table

from db.models import CallRow
from reports.percentiles import percentiles
from routing.story import Outcome
from scripts.lab.acts import KEPT_PREFIX
from scripts.lab.witness import TrunkLeg

NOT_RELEASED = "not released: police"
REFUSED = "REFER refused 交换机拒绝"
BY_MENU, BY_KEY = "menu", "call-taker's key"
THREE_WAY = "three-way call 三方通话"
RETURNED = "came back to the police 转回警察"
KEPT = "the same matter, no key 未转接"
# What a demo shows, or has not shown.
SHOWN = frozenset(
    (
        NOT_RELEASED,
        *(f"{by}, {mode}" for by in (BY_MENU, BY_KEY) for mode in ("redirect", "refer")),
        f"{BY_MENU}, {REFUSED}, redirect",
        f"{THREE_WAY}, redirect",
        *(f"{RETURNED}, {mode}" for mode in ("redirect", "refer")),
        f"{RETURNED}, {REFUSED}, redirect",
        KEPT,
    )
)


@dataclass(frozen=True, slots=True)
class Way:
    """Medians, ms. slot: our accounting of the police line. trunk: the police trunk channel, from
    its INVITE to its end, as the switch saw it. The two are never one figure."""

    way: str
    calls: int
    slot_held_p50_ms: float | None
    police_trunk_held_p50_ms: float | None

    def as_dict(self) -> dict[str, object]:
        return asdict(self)


def ways_of(
    calls: Iterable[CallRow],
    legs: Mapping[str, Sequence[TrunkLeg]],
    refused: Set[str] = frozenset(),
    three_way: Set[str] = frozenset(),
) -> tuple[Way, ...]:
    """One row a way, of the calls that reached a seat. refused: ids whose REFER came to nothing.
    three_way: ids of calls in which a third party came to the talk."""
    grouped: dict[str, list[CallRow]] = {}
    for call in calls:
        if call.outcome in (Outcome.TALKED_TO_POLICE, Outcome.TALKED_TO_LIVELIHOOD):
            way = _way(call, call.call_id in refused, call.call_id in three_way)
            grouped.setdefault(way, []).append(call)
    return tuple(_told(way, rows, legs) for way, rows in sorted(grouped.items()))


def not_shown(ways: Iterable[Way]) -> tuple[str, ...]:
    """Ways of the demo that nobody went: a REFER that fell back, a key that did nothing."""
    return tuple(sorted(SHOWN - {way.way for way in ways}))


def _way(call: CallRow, refused: bool, three_way: bool) -> str:
    if call.released_at is None:
        return KEPT if (call.caller or "").startswith(KEPT_PREFIX) else NOT_RELEASED
    if call.returned_at is not None:
        by = RETURNED
    elif three_way:
        by = THREE_WAY
    else:
        by = BY_KEY if call.reason == "call-taker" else BY_MENU
    asked = f"{REFUSED}, " if refused else ""
    return f"{by}, {asked}{call.release_mode}"


def _told(way: str, calls: Sequence[CallRow], legs: Mapping[str, Sequence[TrunkLeg]]) -> Way:
    slots = [call.slot_held_ms for call in calls if call.slot_held_ms is not None]
    trunks = [held for call in calls if (held := _trunk_ms(legs.get(call.caller or "", ())))]
    return Way(way, len(calls), percentiles(slots).p50, percentiles(trunks).p50)


def _trunk_ms(legs: Sequence[TrunkLeg]) -> int:
    held = (leg.free_at - leg.at for leg in legs if leg.kind == "police" and leg.free_at)
    return round(1000 * sum(held))


def ways_table(ways: Iterable[Way]) -> Table:
    table = Table(title="how long a police line was held (medians, ms)")
    for heading in ("left the line by", "calls", "its slot (ours)", "its trunk channel (switch)"):
        table.add_column(heading, justify="left" if heading.startswith("left") else "right")
    for way in ways:
        slot, trunk = way.slot_held_p50_ms, way.police_trunk_held_p50_ms
        table.add_row(way.way, str(way.calls), str(slot), str(trunk))
    return table
