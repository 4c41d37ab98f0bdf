"""What is to be done and carried for a citizen."""

from datetime import datetime

from sqlalchemy.orm import Mapped, mapped_column

from db.models.base import Base


class ErrandItemRow(Base):
    """A step or a document of one ticket, numbered from 1. state: tickets/errands.py, `Stand`."""

    __tablename__ = "errand_items"

    ticket_id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    position: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    kind: Mapped[str]
    what: Mapped[str]
    state: Mapped[str]
    changed_by: Mapped[str]
    changed_at: Mapped[datetime]
    note: Mapped[str | None]
