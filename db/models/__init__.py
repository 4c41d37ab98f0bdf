"""The tables. Times are aware UTC; `_ms` columns are whole milliseconds."""

from db.models.base import Base
from db.models.call_backs import CallBackTurnRow
from db.models.calls import CallLegRow, CallRow, CallStepRow
from db.models.deadlines import (
    CalendarDayRow,
    CalendarYearRow,
    SupervisionCounterRow,
    SupervisionNoticeRow,
    TicketDeadlineRow,
)
from db.models.errands import ErrandItemRow
from db.models.feeds import FeedPositionRow, QuarantineRow, RuleSetRow
from db.models.imports import ImportedTicketRow
from db.models.knowledge import ArticleRow, ArticleTermRow, ArticleVersionRow, UnansweredRow
from db.models.network import (
    AreaRow,
    ContactRow,
    DispatchRuleRow,
    MatterRow,
    MatterVersionRow,
    OutsideServiceRow,
    UnitRow,
)
from db.models.people import AuditRow, SignInRow, UserRow
from db.models.sending import MessageRow, UnitAnswerRow, UnitContactRow
from db.models.tickets import CallBackRow, TicketCounterRow, TicketEventRow, TicketRow

__all__ = [
    "AreaRow",
    "ArticleRow",
    "ArticleTermRow",
    "ArticleVersionRow",
    "AuditRow",
    "Base",
    "CalendarDayRow",
    "CalendarYearRow",
    "CallBackRow",
    "CallBackTurnRow",
    "CallLegRow",
    "CallRow",
    "CallStepRow",
    "ContactRow",
    "DispatchRuleRow",
    "ErrandItemRow",
    "FeedPositionRow",
    "ImportedTicketRow",
    "MatterRow",
    "MatterVersionRow",
    "MessageRow",
    "OutsideServiceRow",
    "QuarantineRow",
    "RuleSetRow",
    "SignInRow",
    "SupervisionCounterRow",
    "SupervisionNoticeRow",
    "TicketCounterRow",
    "TicketDeadlineRow",
    "TicketEventRow",
    "TicketRow",
    "UnansweredRow",
    "UnitAnswerRow",
    "UnitContactRow",
    "UnitRow",
    "UserRow",
]
