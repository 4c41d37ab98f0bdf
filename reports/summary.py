"""What a stretch of calls came to. Slots and trunks are two figures and never one."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, func, select, true
from sqlalchemy.orm import InstrumentedAttribute, Session

from db.models import CallRow, TicketRow
from reports.percentiles import Percentiles, percentiles


@dataclass(frozen=True, slots=True)
class Summary:
    """verdicts, outcomes: calls by each; a call without a verdict counts as `none`.

    slot_held_ms, release_ms: over released calls only. trunk_held_ms: over released calls whose
    trunk legs have really ended.
    """

    calls: int
    verdicts: dict[str, int]
    outcomes: dict[str, int]
    slot_held_ms: Percentiles
    release_ms: Percentiles
    trunk_held_ms: Percentiles
    tickets: int

    def as_dict(self) -> dict[str, object]:
        return {
            "calls": self.calls,
            "verdicts": self.verdicts,
            "outcomes": self.outcomes,
            "slot_held_ms": self.slot_held_ms.as_dict(),
            "release_ms": self.release_ms.as_dict(),
            "trunk_held_ms": self.trunk_held_ms.as_dict(),
            "tickets": self.tickets,
        }


def summarise(session: Session, since: datetime | None = None) -> Summary:
    """`since`: aware; calls that started then or later, tickets opened then or later."""
    young = CallRow.started_at >= since if since else true()
    verdicts = _count_by(session, CallRow.verdict, young)
    opened = TicketRow.opened_at >= since if since else true()
    tickets = session.scalar(select(func.count()).select_from(TicketRow).where(opened))
    return Summary(
        calls=sum(verdicts.values()),
        verdicts={"police": 0, "livelihood": 0} | verdicts,
        outcomes=_count_by(session, CallRow.outcome, young),
        slot_held_ms=_released(session, CallRow.slot_held_ms, young),
        release_ms=_released(session, CallRow.release_ms, young),
        trunk_held_ms=_released(session, CallRow.trunk_held_ms, young),
        tickets=tickets or 0,
    )


def _count_by(
    session: Session, column: InstrumentedAttribute[str | None], young: ColumnElement[bool]
) -> dict[str, int]:
    query = select(column, func.count()).where(young).group_by(column)
    return {name or "none": count for name, count in session.execute(query)}


def _released(
    session: Session, column: InstrumentedAttribute[int | None], young: ColumnElement[bool]
) -> Percentiles:
    query = select(column).where(young, CallRow.released_at.is_not(None), column.is_not(None))
    return percentiles([value for value in session.scalars(query) if value is not None])
