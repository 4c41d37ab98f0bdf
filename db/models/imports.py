"""Which tickets came out of another hotline's file."""

from datetime import datetime

from sqlalchemy.orm import Mapped, mapped_column

from db.models.base import Base


class ImportedTicketRow(Base):
    """One row per ticket of another hotline, by that hotline's own number: none comes in twice."""

    __tablename__ = "imported_tickets"

    hotline: Mapped[str] = mapped_column(primary_key=True)
    foreign_number: Mapped[str] = mapped_column(primary_key=True)
    ticket_id: Mapped[int] = mapped_column(unique=True)
    file_name: Mapped[str]
    file_row: Mapped[int]
    by: Mapped[str]
    at: Mapped[datetime]
