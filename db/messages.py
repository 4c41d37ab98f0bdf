"""Messages to units: made with the dispatch, in its transaction, and handed out as due work."""

import hashlib
from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import func, select, update
from sqlalchemy.orm import Session

from db.due_work import Claim, DueWork
from db.models import MessageRow, SupervisionNoticeRow, TicketRow, UnitContactRow
from db.upserts import insert_into
from tickets.contacts import Way
from tickets.dispatch_text import body_of, number_of, subject_of
from tickets.lifecycle import AT_THE_UNIT
from tickets.model import State
from tickets.notice_text import notice_body

MESSAGES = DueWork(MessageRow)
DROPPED = "dropped"


def queue_dispatch(session: Session, ticket: TicketRow, ways: Iterable[UnitContactRow]) -> int:
    """Messages for the unit that this ticket has just been dispatched to; how many are new.

    Call it in the transaction of the move, with the ticket as it is after it. Called again for
    the same version it makes nothing: a message's key is made of ticket, version, way and address.
    """
    unit = ticket.unit
    if ticket.state != State.DISPATCHED or unit is None or ticket.dispatched_at is None:
        raise ValueError(f"{number_of(ticket)} is {ticket.state}, not dispatched to a unit")
    places = [(Way.INBOX, unit), *((Way(each.way), each.address) for each in ways)]
    rows = [_message(ticket, unit, ticket.dispatched_at, way, to) for way, to in places]
    statement = insert_into(session, MessageRow).values(rows).on_conflict_do_nothing()
    return len(session.execute(statement.returning(MessageRow.id)).all())


def key_of(ticket: TicketRow, way: Way, address: str) -> str:
    """`20261123-000042.5.email.1f0e9d8c7b6a`: also the left half of a mail's Message-ID."""
    return key_at(f"{number_of(ticket)}.{ticket.version}", way, address)


def key_at(what: str, way: Way, address: str) -> str:
    """what: a ticket and its version, or a notice."""
    digest = hashlib.sha256(address.encode("utf-8", "surrogatepass")).hexdigest()[:12]
    return f"{what}.{way.value}.{digest}"


def message_at(
    ticket: TicketRow, unit: str, at: datetime, way: Way, address: str, words: tuple[str, str, str]
) -> dict[str, Any]:
    """A message's columns but for `notice_id`. words: key, subject, body."""
    key, subject, body = words
    sent = way is Way.INBOX  # the unit's page reads this very row
    return {
        "ticket_id": ticket.id,
        "dispatch_version": ticket.version,
        "unit": unit,
        "way": way.value,
        "address": address,
        "subject": subject,
        "body": body,
        "key": key,
        "made_at": at,
        "state": MESSAGES.done if sent else MESSAGES.waits,
        "due_at": at,
        "sent_at": at if sent else None,
    }


def still_stands(session: Session, message: MessageRow) -> bool:
    """Whether the ticket is with that unit by that dispatch; else the message would mislead."""
    ticket = session.get(TicketRow, message.ticket_id)
    return (
        ticket is not None
        and State(ticket.state) in AT_THE_UNIT
        and ticket.unit == message.unit
        and (message.notice_id is not None or ticket.dispatched_at == message.made_at)
    )


def words_of(session: Session, message: MessageRow) -> tuple[str, str]:
    """Subject and body as they may go out now; a ticket may have been sealed since its dispatch."""
    ticket = session.get_one(TicketRow, message.ticket_id)
    if not ticket.sealed:
        return message.subject, message.body
    way, version = Way(message.way), message.dispatch_version
    if message.notice_id is not None:
        notice = session.get_one(SupervisionNoticeRow, message.notice_id)
        body = notice_body(notice, number_of(ticket), way, message.key, sealed=True)
        return message.subject, body
    return subject_of(ticket), body_of(ticket, way, message.key, version)


def drop(session: Session, claim: Claim, because: str) -> None:
    """It is not sent, and nobody is to blame."""
    row = MessageRow
    session.execute(
        update(row)
        .where(row.id == claim.id, row.claimed_by == claim.by, row.attempts == claim.attempt)
        .values(state=DROPPED, failed_because=because)
    )


def inbox_of(session: Session, unit: str, limit: int) -> Sequence[MessageRow]:
    """Newest first."""
    query = select(MessageRow).where(MessageRow.unit == unit, MessageRow.way == Way.INBOX.value)
    return session.scalars(query.order_by(MessageRow.id.desc()).limit(limit)).all()


def dead_letters(session: Session, limit: int) -> Sequence[MessageRow]:
    """Those that were given up, the oldest first."""
    query = select(MessageRow).where(MessageRow.state == MESSAGES.dead)
    return session.scalars(query.order_by(MessageRow.due_at, MessageRow.id).limit(limit)).all()


def count_by_state(session: Session, states: Sequence[str]) -> dict[str, int]:
    """For few states at a time: those that end (sent) grow for ever, and so does their count."""
    query = select(MessageRow.state, func.count()).where(MessageRow.state.in_(states))
    found = dict(iter(session.execute(query.group_by(MessageRow.state))))
    return {state: found.get(state, 0) for state in states}


def _message(ticket: TicketRow, unit: str, at: datetime, way: Way, address: str) -> dict[str, Any]:
    key = key_of(ticket, way, address)
    words = key, subject_of(ticket), body_of(ticket, way, key, ticket.version)
    return message_at(ticket, unit, at, way, address, words)
