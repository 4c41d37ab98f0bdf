"""One request that is several: split into parts, each with its own unit, and answered as one."""

import secrets
from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from db.join_guard import FEWEST_PARTS
from db.models import TicketRow
from db.ticket_moves import Order, TicketUnknown, apply_move
from db.tickets import open_ticket
from tickets.model import ServiceClass, Source, State
from tickets.numbers import provisional_number
from tickets.opening import TicketDraft
from tickets.refused import MoveRefused, Refusal

MOST = 20
CALLER = (
    "caller_kind",
    "caller_name",
    "caller_age_band",
    "caller_sex",
    "caller_work",
    "caller_area",
)
TAKEN_OVER = (*CALLER, "title", "matter", "urgency", "place", "area")


def split(
    session: Session, ticket_id: int, order: Order, parts: Sequence[Mapping[str, Any]]
) -> tuple[TicketRow, list[TicketRow]]:
    """The whole and its new parts. The caller owns the transaction.

    order: the move `split`. parts: of each the fields that the move `edit` sets, `request` among
    them; what it does not say is as in the whole. A part is screened, dispatched and closed like
    any ticket, but the citizen is called back for the whole alone.

    Raises:
        TicketUnknown, StaleEdit: as apply_move.
        MoveRefused: as apply_move; or fewer than two parts, or one without a request.
    """
    if not FEWEST_PARTS <= len(parts) <= MOST:
        raise MoveRefused(
            Refusal.MISSING, f"split takes {FEWEST_PARTS} to {MOST} parts, not {len(parts)}"
        )
    if not all(part.get("request") for part in parts):
        raise MoveRefused(Refusal.MISSING, "each part needs its request")
    whole = session.get(TicketRow, ticket_id, populate_existing=True)
    if whole is None:
        raise TicketUnknown(str(ticket_id))
    made = [_open(session, whole, order, part) for part in parts]  # the move needs to find them
    return apply_move(session, ticket_id, order), made


def parts_of(session: Session, ticket_id: int) -> Sequence[TicketRow]:
    """In the order in which they were made."""
    query = select(TicketRow).where(TicketRow.parent_id == ticket_id)
    return session.scalars(query.order_by(TicketRow.id)).all()


def _open(session: Session, whole: TicketRow, order: Order, part: Mapping[str, Any]) -> TicketRow:
    draft = TicketDraft(
        provisional_number=provisional_number(secrets.token_hex(16)),
        call_id=None,
        source=Source(whole.source),
        service_class=ServiceClass(whole.service_class or ServiceClass.UNCLASSIFIED),
        caller=whole.caller,
        state=State.NEW,
        opened_at=order.at,
        release_ms=None,
    )
    taken = {name: getattr(whole, name) for name in TAKEN_OVER}
    given = {name: value for name, value in taken.items() if value is not None} | dict(part)
    return open_ticket(session, draft, by=order.actor.name, given=given, part_of=whole)
