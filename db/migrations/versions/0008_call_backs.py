"""Whose turn a call-back is, and attempts found by their SIP Call-ID."""

import sqlalchemy as sa
from alembic import op

from db.types import UtcDateTime

revision: str = "0008"
down_revision: str | None = "0007"


def upgrade() -> None:
    op.create_table(
        "call_back_turns",
        sa.Column("ticket_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("due_at", UtcDateTime(), nullable=True),
        sa.Column("because", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("ticket_id", name=op.f("pk_call_back_turns")),
    )
    op.create_index(op.f("ix_call_back_turns_state_due_at"), "call_back_turns", ["state", "due_at"])
    op.create_index(op.f("ix_call_backs_sip_call_id"), "call_backs", ["sip_call_id"])
