"""A city's own days, the tier of each dispatch, and the notices of supervision."""

from datetime import datetime

import sqlalchemy as sa
from alembic import op

from db.types import BigId, UtcDateTime

revision: str = "0006"
down_revision: str | None = "0005"


def upgrade() -> None:
    _calendar()
    op.create_table(
        "ticket_deadlines",
        sa.Column("ticket_id", sa.BigInteger(), nullable=False, autoincrement=False),
        sa.Column("version", sa.BigInteger(), nullable=False, autoincrement=False),
        sa.Column("deadline_class", sa.Text(), nullable=False),
        sa.Column("tier", sa.Text(), nullable=False),
        sa.Column("started_at", UtcDateTime(), nullable=False),
        sa.Column("set_to", UtcDateTime(), nullable=True),
        sa.PrimaryKeyConstraint("ticket_id", "version", name=op.f("pk_ticket_deadlines")),
    )
    _notices()
    op.create_index(op.f("ix_tickets_state_due_at"), "tickets", ["state", "due_at"])


def _calendar() -> None:
    op.create_table(
        "calendar_days",
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("working", sa.Boolean(), nullable=False),
        *_said(),
        sa.PrimaryKeyConstraint("day", name=op.f("pk_calendar_days")),
    )
    op.create_table(
        "calendar_years",
        sa.Column("year", sa.BigInteger(), nullable=False, autoincrement=False),
        *_said(),
        sa.PrimaryKeyConstraint("year", name=op.f("pk_calendar_years")),
    )


def _said() -> tuple[sa.Column[str], sa.Column[str], sa.Column[datetime]]:
    return (
        sa.Column("because", sa.Text(), nullable=False),
        sa.Column("by", sa.Text(), nullable=False),
        sa.Column("at", UtcDateTime(), nullable=False),
    )


def _notices() -> None:
    op.create_table(
        "supervision_notices",
        sa.Column("id", BigId, nullable=False),
        sa.Column("ticket_id", sa.BigInteger(), nullable=False),
        sa.Column("due_at", UtcDateTime(), nullable=False),
        sa.Column("level", sa.BigInteger(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("receiver", sa.Text(), nullable=False),
        sa.Column("unit", sa.Text(), nullable=True),
        sa.Column("number", sa.Text(), nullable=True),
        sa.Column("zh", sa.Text(), nullable=False),
        sa.Column("en", sa.Text(), nullable=False),
        sa.Column("made_at", UtcDateTime(), nullable=False),
        sa.Column("meeting_on", sa.Date(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_supervision_notices")),
        sa.UniqueConstraint("number", name=op.f("uq_supervision_notices_number")),
    )
    op.create_index(
        "uq_supervision_notices_once",
        "supervision_notices",
        ["ticket_id", "due_at", "level"],
        unique=True,
    )
    for columns in (["made_at", "id"], ["meeting_on"]):
        name = op.f(f"ix_supervision_notices_{'_'.join(columns)}")
        op.create_index(name, "supervision_notices", columns)
    op.create_table(
        "supervision_counters",
        sa.Column("year", sa.BigInteger(), nullable=False, autoincrement=False),
        sa.Column("last", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("year", name=op.f("pk_supervision_counters")),
    )
