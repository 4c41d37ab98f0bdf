"""The tables. Times are aware UTC; `_ms` columns are whole milliseconds."""

from db.models.base import Base
from db.models.calls import CallLegRow, CallRow, CallStepRow
from db.models.deadlines import (
    CalendarDayRow,
    CalendarYearRow,
    SupervisionCounterRow,
    SupervisionNoticeRow,
    TicketDeadlineRow,
)
from db.models.feeds import FeedPositionRow, QuarantineRow, RuleSetRow
from db.models.tickets import CallBackRow, TicketCounterRow, TicketEventRow, TicketRow

__all__ = [
    "Base",
    "CalendarDayRow",
    "CalendarYearRow",
    "CallBackRow",
    "CallLegRow",
    "CallRow",
    "CallStepRow",
    "FeedPositionRow",
    "QuarantineRow",
    "RuleSetRow",
    "SupervisionCounterRow",
    "SupervisionNoticeRow",
    "TicketCounterRow",
    "TicketDeadlineRow",
    "TicketEventRow",
    "TicketRow",
]
