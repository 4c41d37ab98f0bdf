"""The tables. Times are aware UTC; `_ms` columns are whole milliseconds."""

from db.models.base import Base
from db.models.calls import CallLegRow, CallRow, CallStepRow
from db.models.feeds import FeedPositionRow, QuarantineRow, RuleSetRow
from db.models.people import AuditRow, SignInRow, UserRow
from db.models.tickets import CallBackRow, TicketCounterRow, TicketEventRow, TicketRow

__all__ = [
    "AuditRow",
    "Base",
    "CallBackRow",
    "CallLegRow",
    "CallRow",
    "CallStepRow",
    "FeedPositionRow",
    "QuarantineRow",
    "RuleSetRow",
    "SignInRow",
    "TicketCounterRow",
    "TicketEventRow",
    "TicketRow",
    "UserRow",
]
