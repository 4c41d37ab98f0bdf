"""Notices of supervision on their way to the unit that they are about."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy.orm import Session

from db.contacts import contacts_of
from db.messages import key_at, message_at
from db.models import MessageRow, SupervisionNoticeRow, TicketRow
from db.upserts import insert_into
from tickets.contacts import Way
from tickets.dispatch_text import number_of
from tickets.ladder import Receiver
from tickets.notice_text import notice_body, notice_subject

TO_THE_UNIT = frozenset({Receiver.UNIT.value, Receiver.UNIT_HEAD.value})


def queue_notices(session: Session, notices: Sequence[SupervisionNoticeRow]) -> None:
    """Messages of those that are for a unit or its head, once each, wherever that unit is told.

    In the transaction that writes the notices. Those for the desk and its leaders are read there:
    `l110 supervision list`.
    """
    rows = [row for notice in notices for row in _messages(session, notice)]
    if rows:
        insert = insert_into(session, MessageRow).on_conflict_do_nothing()
        session.connection().execute(insert, rows)


def _messages(session: Session, notice: SupervisionNoticeRow) -> list[dict[str, Any]]:
    unit = notice.unit
    if notice.receiver not in TO_THE_UNIT or unit is None:
        return []
    ticket = session.get_one(TicketRow, notice.ticket_id)
    told = [(Way(each.way), each.address) for each in contacts_of(session, unit)]
    return [_message(notice, ticket, unit, way, to) for way, to in [(Way.INBOX, unit), *told]]


def _message(
    notice: SupervisionNoticeRow, ticket: TicketRow, unit: str, way: Way, address: str
) -> dict[str, Any]:
    key, number = key_at(f"notice-{notice.id}", way, address), number_of(ticket)
    body = notice_body(notice, number, way, key, sealed=ticket.sealed)
    words = key, notice_subject(notice, number), body
    row = message_at(ticket, unit, notice.made_at, way, address, words)
    return row | {"notice_id": notice.id}
