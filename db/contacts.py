"""Where each unit is told of its dispatches."""

from collections.abc import Sequence

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from db.models import UnitContactRow
from db.upserts import insert_new
from tickets.contacts import checked_contact


class ContactUnknown(LookupError):
    """This unit has no such contact."""


def add_contact(session: Session, unit: str, way: str, address: str) -> None:
    """Safe to repeat. Raises ContactRefused."""
    kind, checked = checked_contact(way, address)
    insert_new(session, UnitContactRow, [{"unit": unit, "way": kind.value, "address": checked}])


def remove_contact(session: Session, unit: str, way: str, address: str) -> None:
    """Raises ContactUnknown."""
    row = UnitContactRow
    found = session.execute(
        delete(row)
        .where(row.unit == unit, row.way == way, row.address == address)
        .returning(row.id)
    ).first()
    if found is None:
        raise ContactUnknown(f"{unit} has no {way} {address}")


def contacts_of(session: Session, unit: str | None) -> Sequence[UnitContactRow]:
    """None: of every unit."""
    row = UnitContactRow
    query = select(row).order_by(row.unit, row.way, row.address)
    return session.scalars(query if unit is None else query.where(row.unit == unit)).all()
