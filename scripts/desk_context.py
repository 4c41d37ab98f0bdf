"""The desk as a command or a process of this node has it."""

from collections.abc import Callable
from datetime import UTC, datetime

from sqlalchemy import Engine
from sqlalchemy.orm import Session

from config.settings import Settings
from db.audit_heads import HeadFile
from db.deadlines import WITH_DEADLINE, order_with_deadline
from db.models import TicketRow
from db.ticket_moves import Order, apply_move
from db.words import Words
from desk.context import Desk
from scripts.asterisk_config import secret
from scripts.deadlines import deadline_rules
from scripts.sending import link_secret
from tickets.deadline_problems import DeadlineRulesRejected
from tickets.refused import MoveRefused, Refusal

CODES_KEY = "desk-codes"


def heads_of(settings: Settings) -> HeadFile:
    return HeadFile(settings.var / "audit-heads")


def desk_of(settings: Settings, engine: Engine) -> Desk:
    """Makes the site's key of the codes at its first use. Every node of a site needs the same."""
    return Desk(
        engine=engine,
        now=lambda: datetime.now(UTC),
        codes_key=secret(settings.secret_path(CODES_KEY)).encode(),
        heads=heads_of(settings),
        https=settings.web.https,
        apply=moves_of(settings),
        links_key=link_secret(settings),
        cut=Words(settings.var / "jieba").cut,
    )


def moves_of(settings: Settings) -> Callable[[Session, int, Order], TicketRow]:
    """Makes a move with its deadline. The file of deadlines is read when one is needed."""

    def apply(session: Session, ticket_id: int, order: Order) -> TicketRow:
        if order.move not in WITH_DEADLINE:
            return apply_move(session, ticket_id, order)
        try:
            rules = deadline_rules(settings)
        except (OSError, DeadlineRulesRejected) as fault:
            raise MoveRefused(Refusal.MISSING, f"no deadline can be reckoned: {fault}") from None
        return order_with_deadline(session, ticket_id, order, rules)

    return apply
