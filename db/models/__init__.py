"""The tables. Times are aware UTC; `_ms` columns are whole milliseconds."""

from db.models.base import Base
from db.models.call_backs import CallBackTurnRow
from db.models.calls import CallLegRow, CallRow, CallStepRow
from db.models.feeds import FeedPositionRow, QuarantineRow, RuleSetRow
from db.models.tickets import CallBackRow, TicketCounterRow, TicketEventRow, TicketRow

__all__ = [
    "Base",
    "CallBackRow",
    "CallBackTurnRow",
    "CallLegRow",
    "CallRow",
    "CallStepRow",
    "FeedPositionRow",
    "QuarantineRow",
    "RuleSetRow",
    "TicketCounterRow",
    "TicketEventRow",
    "TicketRow",
]
